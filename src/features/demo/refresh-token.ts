import { decodeBase64Url, encodeBase64Url } from '../../crypto/base64url.ts';
import { isMacValid, type Keyring, mac } from '../../crypto/keyring.ts';
import type { Transport } from '../sessions/index.ts';
import type { DemoSession } from './demo-session.ts';

/** The content of a demo refresh token whose MAC is valid. */
export interface DemoTokenContent extends DemoSession {
  readonly transport: Transport;
}

const prefix = 'nxdemo_';

/** Whether a presented token has the form of a demo token; no other token has this prefix. */
export function isDemoToken(token: string): boolean {
  return token.startsWith(prefix);
}

/**
 * Encodes `nxdemo_` + base64url(JSON) + `.` + base64url(HMAC-SHA-256 of that JSON). The JSON says `demo: true`, so
 * that whoever holds the token can see what it is. It needs no row, and it stays the same until its session ends.
 */
export function encodeDemoToken(
  keyring: Keyring,
  { sessionId, authTime, transport }: DemoTokenContent,
): string {
  const json = JSON.stringify({ demo: true, sid: sessionId, transport, authTime });
  const content = new TextEncoder().encode(json);
  return `${prefix}${encodeBase64Url(content)}.${encodeBase64Url(mac(keyring, 'demo-token', content))}`;
}

/** Decodes a demo refresh token, expired or not; null for a forged one and for anything else. */
export function parseDemoToken(keyring: Keyring, token: string): DemoTokenContent | null {
  if (!isDemoToken(token)) return null;
  const [content, tag, ...rest] = token.slice(prefix.length).split('.').map(decodeBase64Url);
  if (!content || !tag || rest.length > 0 || !isMacValid(keyring, 'demo-token', content, tag)) return null;
  // The MAC is valid, so this is what `encodeDemoToken` wrote.
  const { sid, authTime, transport } = JSON.parse(new TextDecoder().decode(content)) as {
    readonly sid: string;
    readonly authTime: number;
    readonly transport: Transport;
  };
  return { sessionId: sid, authTime, transport };
}

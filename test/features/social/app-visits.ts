import { inject } from 'vitest';
import { freshClient } from '../../support/accounts.ts';
import type { Answer, TestClient } from '../../support/client.ts';
import { landing } from '../../support/social.ts';
import { type StandInInstructions, standInCode } from '../../support/stand-in-code.ts';
import { arrive, freshSubject, instructionsFor, type Person } from './people.ts';

/** The providers whose ID tokens a native app may present. */
export type NativeProvider = 'google' | 'apple';

const clientIds = { google: 'google-ios', apple: 'com.example.app' };
const tokenPaths = { google: 'oauth2.googleapis.com/token', apple: 'appleid.apple.com/auth/token' };

/** Signs in at a provider on a phone, as somebody new there who has this address. */
export async function signInByIdToken(
  client: TestClient,
  provider: NativeProvider,
  email: string,
  members: object = {},
): Promise<Answer> {
  const nonce = crypto.randomUUID();
  const idToken = await idTokenFor(provider, { sub: freshSubject(), email }, nonce);
  const body = { idToken, nonce, ...members };
  return client.post(`/api/auth/oauth/${provider}/id-token`, body, { headers: freshClient() });
}

/** Signs in for an app, as somebody new at GitHub who has this address, and redeems the code. */
export async function signInForApp(client: TestClient, email: string): Promise<Answer> {
  const { verifier: codeVerifier, codeChallenge } = await freshVerifier();
  const query = { transport: 'body', codeChallenge, redirectTo: 'https://app.test/done' };
  const { code } = landing(await arrive(client, 'github', { sub: freshSubject(), email }, { query }));
  return client.post('/api/auth/oauth/token', { code, codeVerifier }, { headers: freshClient() });
}

/** An ID token for the app, as the provider's own sign-in on a phone gives one. */
export async function idTokenFor(
  provider: NativeProvider,
  someone: Person,
  nonce: string | undefined,
  more: Partial<StandInInstructions> = {},
): Promise<string> {
  const { verifier, codeChallenge } = await freshVerifier();
  const said = instructionsFor(provider, someone);
  const claims = { ...said.claims, aud: clientIds[provider], azp: clientIds[provider], ...more.claims };
  const instructions = { ...said, codeChallenge, ...(nonce !== undefined && { nonce }), ...more, claims };
  // The stand-in gives the refused as well: what is checked is the token.
  const response = await fetch(`${inject('standInsUrl')}/${tokenPaths[provider]}`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'authorization_code', code: standInCode(instructions), code_verifier: verifier },
      ...{ redirect_uri: 'https://app.example', client_id: clientIds[provider] },
      client_secret: provider === 'apple' ? await appleSecret() : 'secret',
    }),
  });
  const { id_token: idToken } = (await response.json()) as { id_token?: string };
  if (idToken === undefined) throw new Error(`the stand-in gave no token: ${response.status}`);
  return idToken;
}

/** The secret of the app at Apple, which its developer's key signs. */
async function appleSecret(): Promise<string> {
  const { teamId, keyId, privateKey } = inject('appleAccount');
  const der = Uint8Array.from(atob(privateKey.replaceAll(/-----[^-]+-----|\s/g, '')), (c) => c.charCodeAt(0));
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  const encode = (value: object) => base64Url(new TextEncoder().encode(JSON.stringify(value)));
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: teamId, sub: clientIds.apple, aud: 'https://appleid.apple.com', iat, exp: iat + 300 };
  const input = `${encode({ alg: 'ES256', kid: keyId })}.${encode(claims)}`;
  const data = new TextEncoder().encode(input);
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, data);
  return `${input}.${base64Url(new Uint8Array(signature))}`;
}

/** A verifier as apps make them, and its challenge (RFC 7636 section 4). */
export async function freshVerifier() {
  const verifier = `${crypto.randomUUID()}.${crypto.randomUUID()}~`;
  return { verifier, codeChallenge: base64Url(await hash(verifier)) };
}

/** SHA-256 in hexadecimal. */
export async function hashHex(text: string): Promise<string> {
  return Array.from(await hash(text), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function hash(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

function base64Url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

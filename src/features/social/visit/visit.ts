import * as z from 'zod/mini';
import { encodeBase64Url } from '../../../crypto/base64url.ts';
import type { Keyring } from '../../../crypto/keyring.ts';
import { open, seal } from '../../../crypto/seal.ts';
import { createOneTimeToken, oneTimeTokenTtlSeconds } from '../../one-time-tokens/index.ts';

/** How long somebody may take at the provider, in seconds (OAU-01). */
export const visitTtlSeconds = oneTimeTokenTtlSeconds('oauth_state');

const Caller = z.strictObject({
  userId: z.string(),
  sessionId: z.string(),
  /** The account's when it was begun: nothing that ends sessions may have been closed since (LNK-19). */
  closingNumber: z.int(),
});

/** The session that a visit belongs to. */
export type VisitingSession = z.output<typeof Caller>;

const Visit = z.strictObject({
  /** The provider that it was begun with: no other may end it (OAU-02). */
  providerId: z.string(),
  /** Seconds since the epoch, by the Worker's clock. */
  startedAt: z.number(),
  /** What the ID token must contain. */
  nonce: z.string(),
  /** The PKCE verifier (RFC 7636). */
  verifier: z.string(),
  /** Where the browser goes in the end: a URL that was checked. */
  redirectTo: z.string(),
  /** What it is for. `link` and `reauthenticate` belong to a session. */
  purpose: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('sign_in') }),
    /** A sign-in whose tokens an app fetches, for the verifier of this challenge. */
    z.strictObject({ kind: z.literal('sign_in_app'), codeChallenge: z.string() }),
    /** At which address the owner is told of it. */
    z.strictObject({ kind: z.literal('link'), caller: Caller, email: z.string() }),
    z.strictObject({ kind: z.literal('reauthenticate'), caller: Caller }),
  ]),
  /**
   * The tokens that say which device it is, where the provider sends people back by a form of its own site: their cookies
   * do not come along then.
   */
  devices: z.optional(z.strictObject({ known: z.optional(z.string()), trusted: z.optional(z.string()) })),
});

/** A visit to a provider, and what it is for. It exists in the browser's cookie alone, sealed, until it comes back. */
export type Visit = z.output<typeof Visit>;

/** A visit, sealed for the cookie of its browser. */
export interface SealedVisit {
  /** The parameter `state`, which the cookie alone makes worth something. */
  readonly state: string;
  /** What the cookie holds. */
  readonly sealed: string;
}

/** Seals a visit that begins. The state is not in it: it is the associated data, so that no other state opens it. */
export async function sealVisit(keyring: Keyring, visit: Visit): Promise<SealedVisit> {
  const { token: state } = createOneTimeToken(keyring, 'oauth_state');
  return { state, sealed: await seal(keyring, JSON.stringify(visit), associatedData(state)) };
}

/** Opens what the cookie of this state holds: null when it is another browser's or state's, forged, or too old. */
export async function openVisit(
  keyring: Keyring,
  { state, sealed }: SealedVisit,
  nowMs: number,
): Promise<Visit | null> {
  const text = await open(keyring, sealed, associatedData(state));
  const parsed = text === null ? null : Visit.safeParse(JSON.parse(text));
  if (!parsed?.success) return null;
  const ageSeconds = nowMs / 1000 - parsed.data.startedAt;
  return ageSeconds < visitTtlSeconds ? parsed.data : null;
}

/** A random text of 256 bits: a nonce, or a verifier (RFC 7636 section 4.1). */
export function randomText(): string {
  return encodeBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

function associatedData(state: string): string {
  return JSON.stringify(['oauth_transaction', state]);
}

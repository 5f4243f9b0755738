import type { Deps } from '../../deps.ts';
import { readDevice } from '../../device.ts';
import { deviceTokenFor, type PresentedDevice } from '../known-devices/index.ts';
import { type IssuedTokens, issueTokens, type Opening, type Transport } from '../sessions/index.ts';
import { toUser, type User } from '../users/index.ts';
import type { OpeningRow, SignedInRow } from './fragments.ts';

/** A sign-in that began a session: the user and its tokens. */
export interface SignIn {
  readonly outcome: 'session';
  readonly user: User;
  readonly tokens: IssuedTokens;
  /** Makes the device known to the account. */
  readonly deviceToken: string;
}

/** A sign-in that needs a second factor first: nothing is open yet. */
export interface Challenge {
  readonly outcome: 'challenge';
  /** What the account accepts: `totp`. */
  readonly methods: readonly string[];
}

/** The device of a sign-in, and the requested transport: both if undefined. */
export interface SignInSettings {
  readonly transport: Transport | undefined;
  readonly device: PresentedDevice;
}

/** Prepares what a right password opens for this client: see `beginSession`. */
export async function passwordOpening(
  { config, features, metadata }: Deps,
  { transport, device }: SignInSettings,
): Promise<Opening> {
  return {
    proof: { method: 'password', amr: ['pwd'], isSecondStep: false },
    session: {
      id: crypto.randomUUID(),
      hasCookieToken: transport !== 'body',
      hasBodyToken: transport !== 'cookie',
      ipAddress: metadata.ipAddress,
      userAgent: metadata.userAgent,
      device: await readDevice(metadata.userAgent),
      location: metadata.location,
      deviceId: device.id,
      ttlSeconds: config.session.ttlSeconds,
      idleTtlSeconds: config.session.idleTtlSeconds,
    },
    factors: features.factors,
    isVerificationRequired: config.emailVerification === 'required',
  };
}

/**
 * Builds the result of an opening from its row. Null when neither a session nor a challenge came of it: the user was
 * banned, say, since the proof was checked.
 */
export async function completeOpening(
  deps: Deps,
  device: PresentedDevice,
  opening: Opening,
  row: SignedInRow | OpeningRow | null,
): Promise<SignIn | Challenge | null> {
  if (row === null) return null;
  if (row.session_id !== null) return completeSignIn(deps, device, opening, row);
  return row.verdict === 'challenge' ? { outcome: 'challenge', methods: row.methods } : null;
}

/** Builds the result of a sign-in from the row of the session that was begun. */
async function completeSignIn(
  deps: Deps,
  device: PresentedDevice,
  { session, proof }: Opening,
  row: SignedInRow,
): Promise<SignIn> {
  const tokens = await issueTokens(deps, {
    userId: row.user_id,
    sessionId: row.session_id,
    authTime: row.auth_time,
    amr: proof.amr,
    counters: { ...(session.hasCookieToken && { cookie: 0 }), ...(session.hasBodyToken && { body: 0 }) },
    refreshExpiresIn: row.expires_in,
  });
  const account = { userId: row.user_id, generation: row.device_generation };
  const deviceToken = deviceTokenFor(deps.keyring, device, account);
  return { outcome: 'session', user: toUser(row), tokens, deviceToken };
}

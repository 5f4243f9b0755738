import type { Deps } from '../../deps.ts';
import { readDevice } from '../../device.ts';
import { deviceTokenFor, type PresentedDevice } from '../known-devices/index.ts';
import {
  type IssuedTokens,
  issueTokens,
  type NewSession,
  type OpenedSessionRow,
  type Transport,
} from '../sessions/index.ts';
import { toUser, type User, type UserRow } from '../users/index.ts';

/** A user with the session that was just opened. */
export type SignedInRow = UserRow & OpenedSessionRow & { readonly device_generation: number };

/** The result of a sign-in: the user and the tokens of the new session. */
export interface SignIn {
  readonly user: User;
  readonly tokens: IssuedTokens;
  /** Makes the device known to the account. */
  readonly deviceToken: string;
}

/** The device of a sign-in, and the requested transport: both if undefined. */
export interface SignInSettings {
  readonly transport: Transport | undefined;
  readonly device: PresentedDevice;
}

/** Prepares the session that a password opens for this client. */
export async function passwordSession(
  deps: Deps,
  { transport, device }: SignInSettings,
): Promise<NewSession> {
  const { metadata, config } = deps;
  return {
    id: crypto.randomUUID(),
    method: 'password',
    amr: ['pwd'],
    hasCookieToken: transport !== 'body',
    hasBodyToken: transport !== 'cookie',
    ipAddress: metadata.ipAddress,
    userAgent: metadata.userAgent,
    device: await readDevice(metadata.userAgent),
    location: metadata.location,
    deviceId: device.id,
    ttlSeconds: config.session.ttlSeconds,
    idleTtlSeconds: config.session.idleTtlSeconds,
  };
}

/** Builds the result of a sign-in from the row of the opened session. */
export async function completeSignIn(
  deps: Deps,
  device: PresentedDevice,
  session: NewSession,
  row: SignedInRow,
): Promise<SignIn> {
  const tokens = await issueTokens(deps, {
    userId: row.user_id,
    sessionId: row.session_id,
    authTime: row.auth_time,
    amr: session.amr,
    counters: { ...(session.hasCookieToken && { cookie: 0 }), ...(session.hasBodyToken && { body: 0 }) },
    refreshExpiresIn: row.expires_in,
  });
  const account = { userId: row.user_id, generation: row.device_generation };
  return { user: toUser(row), tokens, deviceToken: deviceTokenFor(deps.keyring, device, account) };
}

import { addressOf } from '../../../src/address/address-key.ts';
import { decodeBase64Url } from '../../../src/crypto/base64url.ts';
import { signAccessToken } from '../../../src/crypto/jwt.ts';
import { createKeyring, type Keyring } from '../../../src/crypto/keyring.ts';
import { hashPassword } from '../../../src/crypto/password-hash.ts';
import { sql } from '../../../src/db/sql.ts';
import { recordEvents } from '../../../src/features/security-events/index.ts';
import { beginSession, begunNow } from '../../../src/features/sessions/index.ts';
import { encodeRefreshToken, type Transport } from '../../../src/features/sessions/refresh-token.ts';
import { insertUser } from '../../../src/features/users/index.ts';
import { loadRuntime } from '../../../src/runtime.ts';
import { freshClient, freshEmail, password } from '../../support/accounts.ts';
import { type Answer, cheapParameters, cookieValue, type TestClient } from '../../support/client.ts';
import { openDatabase, type TestDatabase } from '../../support/database.ts';
import { passEveryGate } from '../../support/pass-gates.ts';

export const accessCookie = '__Host-nexora_access';
export const refreshCookie = '__Host-nexora_refresh';

/** The refresh tokens and ids of one sign-in. */
export interface SignedIn {
  readonly email: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly accessToken: string;
  readonly bodyToken: string;
  readonly cookieToken: string;
}

/**
 * A fresh user with a session that has both transports open, who passes every gate: the rows of a registration by the
 * service's own fragments, without its mail and its count, at a quarter of what the request costs.
 */
export async function signIn(client: TestClient): Promise<SignedIn> {
  const runtime = await loadRuntime(client.env);
  if (runtime instanceof Error) throw runtime;
  const { config, keys, keyring } = runtime;
  const [email, userId, sessionId] = [freshEmail(), crypto.randomUUID(), crypto.randomUUID()];
  const nowhere = { ipAddress: freshClient()['CF-Connecting-IP'], userAgent: null, location: null };
  const user = { id: userId, name: 'Test User', passwordHash: await cheapHash(), locale: null };
  const session = {
    ...{ ...nowhere, id: sessionId, device: null, deviceId: crypto.randomUUID(), ...config.session },
    ...{ hasCookieToken: true, hasBodyToken: true },
  };
  const proof = { method: 'password', amr: ['pwd'], isSecondStep: false };
  const created = { type: 'user_created', outcome: 'success', method: proof.method } as const;
  const [requestId, operationId] = [crypto.randomUUID(), crypto.randomUUID()];
  const databaseUrl = String(client.env.DATABASE_URL);
  await openDatabase(databaseUrl).batch([
    insertUser({ ...user, address: addressOf(keyring, email) }, sql`false`),
    beginSession(sql`SELECT ${userId}::uuid AS user_id`, {
      ...{ proof, session, secondFactors: [], isVerificationRequired: false },
    }),
    recordEvents(begunNow(session), created, { ...nowhere, requestId, operationId, locale: null }),
  ]);
  await passEveryGate(databaseUrl, userId);
  const claims = { userId, sessionId, authTime: Math.floor(client.now() / 1000), amr: proof.amr };
  return {
    ...{ email, userId, sessionId },
    accessToken: await signAccessToken(keys, config.accessToken, claims, client.now()),
    bodyToken: encodeRefreshToken(keyring, { sessionId, transport: 'body', counter: 0 }),
    cookieToken: encodeRefreshToken(keyring, { sessionId, transport: 'cookie', counter: 0 }),
  };
}

let knownHash: string | undefined;

/** A hash of the shared password, the same for all accounts that are stored with it. */
export async function cheapHash(): Promise<string> {
  knownHash ??= await hashPassword(password, cheapParameters);
  return knownHash;
}

/** What a register or login answered. */
export function signedInBy(answer: Answer): Omit<SignedIn, 'email'> {
  const { user, accessToken, refreshToken } = answer.json;
  const cookieToken = cookieValue(answer, refreshCookie) ?? '';
  return {
    userId: user.id,
    sessionId: claimsOf(accessToken).sid as string,
    accessToken,
    bodyToken: refreshToken,
    cookieToken,
  };
}

/** Its cookies by name, as a browser sends them. */
export function cookiesOf({ accessToken, cookieToken }: SignedIn): Readonly<Record<string, string>> {
  return { [accessCookie]: accessToken, [refreshCookie]: cookieToken };
}

export function refreshByBody(client: TestClient, refreshToken: string): Promise<Answer> {
  return client.post('/api/auth/refresh', { refreshToken });
}

export function refreshByCookie(client: TestClient, token: string, name = refreshCookie): Promise<Answer> {
  return client.post('/api/auth/refresh', undefined, { cookies: { [name]: token } });
}

/** A refresh in either transport. */
export function refreshBy(transport: Transport, client: TestClient, token: string): Promise<Answer> {
  return transport === 'cookie' ? refreshByCookie(client, token) : refreshByBody(client, token);
}

/** The refresh token that an answer gives in this transport. */
export function successorIn(transport: Transport, answer: Answer): string | undefined {
  return transport === 'cookie' ? cookieValue(answer, refreshCookie) : answer.json.refreshToken;
}

/** A refresh token that the service has not issued, but whose MAC is good. */
export function sealRefreshToken(
  client: TestClient,
  content: { readonly sessionId: string; readonly transport: Transport; readonly counter: number },
): string {
  return encodeRefreshToken(keyringOf(client), content);
}

/** The current secret of a client's configuration, without the previous one. */
export function keyringOf(client: TestClient): Keyring {
  const secret = atob(String(client.env.AUTH_SECRET));
  return createKeyring(Uint8Array.from(secret, (character) => character.charCodeAt(0)));
}

/** The claims of a JWT, unverified. */
export function claimsOf(jwt: string): Record<string, unknown> {
  return segmentOf(jwt, 1);
}

/** The protected header of a JWT. */
export function headerOf(jwt: string): Record<string, unknown> {
  return segmentOf(jwt, 0);
}

function segmentOf(jwt: string, index: number): Record<string, unknown> {
  return JSON.parse(
    new TextDecoder().decode(decodeBase64Url(jwt.split('.')[index] ?? '') ?? new Uint8Array()),
  );
}

/** The whole row of a session as JSON, null when it is gone. Two equal results mean that nothing was written. */
export async function sessionRow(
  sessionId: string,
  db: TestDatabase = openDatabase(),
): Promise<Record<string, unknown> | null> {
  const [row] = await db.query<{ row: Record<string, unknown> }>(
    sql`SELECT to_jsonb(s) AS row FROM sessions s WHERE s.id = ${sessionId}::uuid`,
  );
  return row?.row ?? null;
}

/** Moves both transports' last rotations back by as many seconds; one that has not rotated stays so. */
export async function ageRotations(sessionId: string, seconds: number, db = openDatabase()): Promise<void> {
  await db.query(sql`
    UPDATE sessions SET
      cookie_rotated_at = cookie_rotated_at - make_interval(secs => ${seconds}::int),
      body_rotated_at = body_rotated_at - make_interval(secs => ${seconds}::int)
    WHERE id = ${sessionId}::uuid`);
}

/** The events recorded for a session, oldest first. */
export async function eventsOf(
  sessionId: string,
  db: TestDatabase = openDatabase(),
): Promise<{ type: string; outcome: string; user_id: string; reason: string | null }[]> {
  return db.query(sql`
    SELECT type, outcome, user_id, reason FROM security_events WHERE session_id = ${sessionId}::uuid ORDER BY at, id`);
}

/** A session of the legacy system, by the statement of its guide. */
export async function insertLegacySession(
  userId: string,
  token: string,
  db = openDatabase(),
): Promise<string> {
  const [row] = await db.query<{ id: string }>(sql`
    INSERT INTO sessions (user_id, refresh_token, expires_at)
    VALUES (${userId}::uuid, ${token}, NOW() + INTERVAL '30 days') RETURNING id`);
  return row?.id ?? '';
}

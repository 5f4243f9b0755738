import { decodeBase64Url } from '../../../src/crypto/base64url.ts';
import { createKeyring, type Keyring } from '../../../src/crypto/keyring.ts';
import { sql } from '../../../src/db/sql.ts';
import { recordEvents } from '../../../src/features/security-events/index.ts';
import { begunNow } from '../../../src/features/sessions/index.ts';
import { encodeRefreshToken, type Transport } from '../../../src/features/sessions/refresh-token.ts';
import { type Answer, cookieValue, type TestClient } from '../../support/client.ts';
import { openDatabase, type TestDatabase } from '../../support/database.ts';
import { type InsertedUser, newUser, runtimeOf, storeUsers } from '../../support/inserted-user.ts';

export const accessCookie = '__Host-nexora_access';
export const refreshCookie = '__Host-nexora_refresh';

/** The refresh tokens and ids of one sign-in. */
export type SignedIn = Omit<InsertedUser, 'deviceToken'>;

/**
 * A fresh user with a session that has both transports open, who passes every gate: the rows of a registration by the
 * service's own fragments, without its mail and its count, at a quarter of what the request costs.
 */
export async function signIn(client: TestClient): Promise<SignedIn> {
  const { user, session, statements } = await newUser(await runtimeOf(client), { now: client.now() });
  const { ipAddress, userAgent, location } = session;
  const [requestId, operationId] = [crypto.randomUUID(), crypto.randomUUID()];
  const metadata = { ipAddress, userAgent, location, requestId, operationId, locale: null };
  const created = { type: 'user_created', outcome: 'success', method: 'password' } as const;
  await storeUsers(
    client,
    [...statements, recordEvents(begunNow(session), created, metadata)],
    [user.userId],
  );
  return user;
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

import { expect } from 'vitest';
import { type Fragment, identifier, sql } from '../../../src/db/sql.ts';
import { freshClient, password } from '../../support/accounts.ts';
import { type Answer, type CallOptions, cookieValue, type TestClient } from '../../support/client.ts';
import { openDatabase, type TestDatabase } from '../../support/database.ts';
import { insertVerifiedUser } from '../../support/inserted-user.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { adminSecret } from '../../support/test-env.ts';
import {
  challenge,
  completeChallenge,
  freshCode,
  signInWithCode,
  type TwoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { type SignedIn, signedInBy } from '../sessions/session-fixtures.ts';

export const path = '/api/auth/two-factor';
export const secondStepPath = '/api/auth/login/two-factor';
export const challengeCookie = '__Host-nexora_challenge';
export const trustedCookie = '__Host-nexora_trusted';
export const deviceCookie = '__Host-nexora_device';
/** All devices that never completed a second step. */
const otherDevices = '00000000-0000-0000-0000-000000000000';

type Proof = Readonly<Record<string, unknown>>;
type Options = Omit<CallOptions, 'body'>;

export const startSetup = (client: TestClient, bearer: string) =>
  client.post(`${path}/setup`, undefined, { bearer });
export const enable = (client: TestClient, bearer: string, code: unknown) =>
  client.post(`${path}/enable`, { code }, { bearer });
export const disable = (client: TestClient, bearer: string, proof: Proof) =>
  client.post(`${path}/disable`, proof, { bearer });
export const renewCodes = (client: TestClient, bearer: string) =>
  client.post(`${path}/backup-codes`, undefined, { bearer });
export const listFactors = (client: TestClient, bearer: string) => client.get(path, { bearer });
export const reauthenticateBy = (client: TestClient, bearer: string, proof: Proof) =>
  client.post('/api/auth/reauthenticate', proof, { bearer });
/** For a client that has the secret of the operator. */
export const requestReset = (client: TestClient, userId: string, headers: Options['headers'] = {}) =>
  client.post(`/api/admin/users/${userId}/two-factor/reset`, undefined, { bearer: adminSecret, headers });
export const keep = (client: TestClient, token: string) => client.post(`${path}/keep`, { token });
export const listTrusted = (client: TestClient, bearer: string, cookies: Options['cookies'] = {}) =>
  client.get('/api/auth/trusted-devices', { bearer, cookies });
export const forget = (client: TestClient, bearer: string, id: string) =>
  client.call('DELETE', `/api/auth/trusted-devices/${id}`, { bearer });

/** A first step whose outcome is what the test is about. */
export function logInAs(
  client: TestClient,
  { email }: { readonly email: string },
  overrides: Proof = {},
  options: Options = {},
): Promise<Answer> {
  const headers = { ...freshClient(), ...options.headers };
  return client.post('/api/auth/login', { email, password, ...overrides }, { ...options, headers });
}

/** Somebody whose address is verified, with one session and no second factor. */
export const verifiedUser = insertVerifiedUser;

/** The header by which the device says which one it is. */
export const onDevice = ({ deviceToken }: { readonly deviceToken: string }) => ({
  headers: { 'X-Device-Token': deviceToken },
});

/** Trusts a device by a second step on it, and returns what the device holds afterwards. */
export async function trustDevice(client: TestClient, user: TwoFactorUser, options: Options = {}) {
  const first = await challenge(client, user, {}, options);
  const proof = { code: await freshCode(client, user), trustDevice: true };
  const answer = await completeChallenge(client, first, proof, options);
  expect(answer.status, answer.text).toBe(200);
  return {
    answer,
    token: answer.json.trustedDeviceToken as string,
    cookie: cookieValue(answer, trustedCookie)!,
  };
}

/** A whole sign-in by a fresh code, of which the outcome is what the test is about. */
export async function completeOnce(
  client: TestClient,
  user: TwoFactorUser,
  options: Options = {},
): Promise<Answer> {
  const first = await challenge(client, user, {}, options);
  return completeChallenge(client, first, { code: await freshCode(client, user) }, options);
}

/** Wrong codes since the last right one, of all devices that never completed a second step, or of the given one. */
export async function missesOf(
  client: TestClient,
  { userId }: { readonly userId: string },
  deviceId = otherDevices,
): Promise<number> {
  const [row] = await databaseOf(client).query<{ misses: number }>(sql`
    SELECT misses FROM second_factor_devices WHERE user_id = ${userId}::uuid AND device_id = ${deviceId}::uuid`);
  return row?.misses ?? 0;
}

/** Checks that there is no check left, and that the answer says for how long. */
export function expectLocked(answer: Answer): void {
  expectRefused(answer, 429, 'too_many_attempts');
  const seconds = Number(answer.headers.get('Retry-After'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(900);
}

/** Uses up all checks by ten wrong codes, of which the first and the last are entered, and lets the next one be refused. */
export async function exhaustChecks(
  client: TestClient,
  user: TwoFactorUser,
  options: Options = {},
): Promise<void> {
  const first = await challenge(client, user, {}, options);
  const enter = () => completeChallenge(client, first, { code: wrongCode(user.secret) }, options);
  expectRefused(await enter(), 401, 'invalid_code');
  await leaveOneCheck(client, user);
  expectRefused(await enter(), 401, 'invalid_code');
  expectLocked(await enter());
}

/** Counts nine of the ten checks of the window that was opened last, and as many misses. */
export async function leaveOneCheck(
  client: TestClient,
  { userId }: { readonly userId: string },
): Promise<void> {
  const [row] = await databaseOf(client).query<{ counted: number }>(sql`
    WITH latest AS (
      SELECT bucket, count FROM login_attempts WHERE bucket LIKE ${`second-factor:${userId}:%`}
      ORDER BY window_ends_at DESC LIMIT 1)
    UPDATE login_attempts a SET count = 9 FROM latest l WHERE a.bucket = l.bucket RETURNING 9 - l.count AS counted`);
  await countMisses(client, userId, row?.counted ?? 0);
}

/** Counts so many misses on the device that missed last. */
function countMisses(client: TestClient, userId: string, count: number): Promise<unknown> {
  return databaseOf(client).query(sql`
    UPDATE second_factor_devices d SET misses = d.misses + ${count}::int
    WHERE d.user_id = ${userId}::uuid AND d.last_missed_at = (
      SELECT max(l.last_missed_at) FROM second_factor_devices l WHERE l.user_id = d.user_id)`);
}

/** Lets the windows in which codes are counted be over, as a quarter of an hour later. */
export function endCheckWindows(
  client: TestClient,
  { userId }: { readonly userId: string },
): Promise<unknown> {
  return databaseOf(client).query(sql`
    UPDATE login_attempts SET window_ends_at = now() WHERE bucket LIKE ${`second-factor:${userId}:%`}`);
}

/**
 * Enters so many wrong codes in a row on challenges, in whose windows there is room. Of many the first and the last are
 * entered, and those between them counted: what each of fifty does, guessing.security.test.ts tries.
 */
export async function missTimes(
  client: TestClient,
  user: TwoFactorUser,
  times: number,
  options: Options = {},
  presentPassword: string = password,
): Promise<Answer[]> {
  const between = times - 6;
  if (between <= 0) return missEach(client, user, times, options, presentPassword);
  const first = await missEach(client, user, 3, options, presentPassword);
  await countMisses(client, user.userId, between);
  return [...first, ...(await missEach(client, user, 3, options, presentPassword))];
}

/** Enters each of them. */
export async function missEach(
  client: TestClient,
  user: TwoFactorUser,
  times: number,
  options: Options = {},
  presentPassword: string = password,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  let first: Answer | undefined;
  for (let index = 0; index < times; index++) {
    if (index % 5 === 0) {
      await endCheckWindows(client, user);
      first = await challenge(client, user, { password: presentPassword }, options);
    }
    const answer = await completeChallenge(client, first!, { code: wrongCode(user.secret) }, options);
    expect([answer.status, answer.json.code], `miss ${index + 1}`).toEqual([401, 'invalid_code']);
    answers.push(answer);
  }
  return answers;
}

/** Lets a reset that waits be effective, as when its hours have passed. */
export function passResetDelay(
  client: TestClient,
  { userId }: { readonly userId: string },
): Promise<unknown> {
  return databaseOf(client).query(sql`
    UPDATE users SET two_factor_reset_at = now() - interval '1 second'
    WHERE id = ${userId}::uuid AND two_factor_reset_at IS NOT NULL`);
}

/** Checks that an account is asked for its second factor. */
export async function expectAsked(
  client: TestClient,
  user: { readonly email: string },
  overrides: Proof = {},
  options: Options = {},
): Promise<void> {
  const answer = await logInAs(client, user, overrides, options);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json.twoFactorRequired).toBe(true);
}

/** Checks that the password alone opens a session, and returns the answer. */
export async function expectNotAsked(
  client: TestClient,
  user: { readonly email: string },
  overrides: Proof = {},
  options: Options = {},
): Promise<Answer> {
  const answer = await logInAs(client, user, overrides, options);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json.accessToken).toEqual(expect.any(String));
  return answer;
}

/** Checks that a second step is refused by the code. */
export function expectRefused(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.json?.code], answer.text).toEqual([status, code]);
}

/** Signs in by a code and returns the session, which has passed the second factor. */
export async function sessionByCode(
  client: TestClient,
  user: TwoFactorUser,
  options: Options = {},
): Promise<SignedIn> {
  return { ...signedInBy(await signInWithCode(client, user, {}, options)), email: user.email };
}

export function databaseOf(client: TestClient): TestDatabase {
  return openDatabase(String(client.env.DATABASE_URL));
}

/** Changes rows as time or an operator would. */
export function change(client: TestClient, statement: Fragment): Promise<unknown> {
  return databaseOf(client).query(statement);
}

/** The kinds of the mails to an address, oldest first. */
export async function kindsTo(client: TestClient, email: string): Promise<string[]> {
  return (await mailsTo(client, email)).map(({ kind }) => kind);
}

/** How many mails of a kind an address was sent. */
export async function countMails(client: TestClient, email: string, kind: string): Promise<number> {
  return (await kindsTo(client, email)).filter((text) => text === kind).length;
}

/** What was recorded about a user: type, reason and method of each event, oldest first. */
export async function eventsOf(
  client: TestClient,
  { userId }: { readonly userId: string },
): Promise<string[]> {
  const rows = await databaseOf(client).query<{ event: string }>(sql`
    SELECT concat_ws(' ', type, reason, method) AS event FROM security_events
    WHERE user_id = ${userId}::uuid ORDER BY at, type`);
  return rows.map(({ event }) => event);
}

/** How often each event of a user was recorded that has this reason, or this type. */
export async function countEvents(
  client: TestClient,
  user: { readonly userId: string },
  text: string,
): Promise<number> {
  return (await eventsOf(client, user)).filter((event) => event.split(' ').includes(text)).length;
}

/** Every row of every table, as text. */
export async function dumpRows(client: TestClient): Promise<string> {
  const db = databaseOf(client);
  const tables = await db.query<{ name: string }>(sql`
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name`);
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await db.query<{ row: string }>(
      sql`SELECT row_to_json(t)::text AS row FROM ${identifier(name)} t`,
    );
    texts.push(...rows.map(({ row }) => row));
  }
  return texts.join('\n');
}

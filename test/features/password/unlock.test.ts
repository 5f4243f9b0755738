import { describe, expect, test, vi } from 'vitest';
import { addressOf } from '../../../src/address/address-key.ts';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, password, registerUser } from '../../support/accounts.ts';
import { type Answer, cookieValue, TestClient } from '../../support/client.ts';
import { faultyEndpoint, freshDatabase, openDatabase, query } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { recordsOf } from '../password/signed-in-owner.ts';
import { bcryptHash } from '../password/stored-accounts.ts';
import { keyringOf } from '../sessions/session-fixtures.ts';

// Without the mail of the registration, which is tested elsewhere.
const strict = { EMAIL_VERIFICATION: 'off', LOGIN_ATTEMPTS_MAX: '2' };
const client = new TestClient(strict);
const deviceCookie = '__Host-nexora_device';
const unlock = (token: string) => client.post('/api/auth/unlock', { token });

function signIn(email: string, text = password, device?: string, by = client): Promise<Answer> {
  const headers = device === undefined ? {} : { 'X-Device-Token': device };
  return by.post('/api/auth/login', { email, password: text }, { headers });
}

/** Wrong passwords of a stranger, until there is no attempt left. */
async function lock(email: string, by = client): Promise<Answer> {
  const guess = () => signIn(email, 'a guess of a stranger', undefined, by);
  for (let index = 0; index < 2; index++) await guess();
  return guess();
}

async function lockedAccount() {
  const { email, json } = await registerUser(client);
  await lock(email);
  return { email, user: json.user, token: await tokenFrom(client, email, 'account_locked') };
}

function expectInvalid(answer: Answer): void {
  expect([answer.status, answer.json.code], answer.text).toEqual([400, 'token_invalid']);
  expect(answer.setCookies).toEqual([]);
}

describe('a lock', () => {
  test('is told to the owner alone, by one mail in a window, however often it refuses (LIM-13)', async () => {
    const { email, json } = await registerUser(client);
    const refused = await lock(email);
    for (let index = 0; index < 4; index++) await signIn(email);
    expect(await mailsTo(client, email)).toMatchObject([
      { kind: 'account_locked', user_id: json.user.id, outcome: null },
    ]);
    expect([refused.status, refused.json.code]).toEqual([429, 'too_many_attempts']);
    const [subject] = addressOf(keyringOf(client), email).keys;
    await query(sql`UPDATE login_attempts SET window_ends_at = now() WHERE bucket = ${`${subject}:world`}`);
    await lock(email);
    expect(await mailsTo(client, email)).toHaveLength(2);
  });

  test('of an address that nobody has, of a banned and of the reserved one is answered and written alike, and mails nobody (LIM-13, ENU-06)', async () => {
    // Of its own: nobody else's tests may find the reserved account.
    const url = await freshDatabase();
    const own = new TestClient({ ...strict, DATABASE_URL: url });
    const banned = freshEmail();
    await openDatabase(url).batch([
      sql`INSERT INTO users (email, name, password_hash, banned_at) VALUES (${banned}, 'Banned', ${bcryptHash()}, now())`,
      sql`INSERT INTO users (email, name) VALUES ('demo@nexora.ai', 'Reserved')`,
    ]);
    const rowsOf = async (requestId: string | null) => {
      const [row] = await openDatabase(url).query<{ mails: number; sent: number }>(sql`
        SELECT count(*)::int AS mails, count(*) FILTER (WHERE outcome IS NULL)::int AS sent
        FROM mail_outbox WHERE request_id = ${requestId}::uuid`);
      return row;
    };
    const known = await lock((await registerUser(own)).email, own);
    expect(await rowsOf(known.headers.get('X-Request-Id'))).toEqual({ mails: 1, sent: 1 });
    for (const email of [freshEmail(), banned, 'demo@nexora.ai']) {
      const answer = await lock(email, own);
      expect(answer.status).toBe(known.status);
      expect(answer.text.replace(answer.json.requestId, '')).toBe(
        known.text.replace(known.json.requestId, ''),
      );
      expect([answer.roundTrips, answer.hashes]).toEqual([known.roundTrips, known.hashes]);
      expect(await rowsOf(answer.headers.get('X-Request-Id')), email).toEqual({ mails: 1, sent: 0 });
    }
  });

  test('of an address of the legacy system is told at the stored spelling, and its link lifts it (EML-03)', async () => {
    const id = crypto.randomUUID().slice(0, 13);
    const email = `${id}@b\u00fccher.example`;
    await query(
      sql`INSERT INTO users (email, name, password_hash) VALUES (${email}, 'Earlier', ${bcryptHash()})`,
    );
    await lock(`${id}@B\u00dcCHER.example`);
    expect((await signIn(email)).status).toBe(429);
    expect((await unlock(await tokenFrom(client, email, 'account_locked'))).status).toBe(200);
    expect((await signIn(email)).status).toBe(200);
  });

  test('of which the answer was lost is told once (DBF-10)', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { email } = await registerUser(client);
    for (let index = 0; index < 2; index++) await signIn(email, 'a guess of a stranger');
    const { endpoint } = await faultyEndpoint(['commit-then-drop']);
    const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint, LOGIN_ATTEMPTS_MAX: '2' });
    const answer = await faulty.post('/api/auth/login', { email, password });
    expect(answer).toMatchObject({ status: 429, roundTrips: 2 });
    expect(await mailsTo(client, email)).toHaveLength(1);
  });
});

describe('POST /api/auth/unlock', () => {
  test('lifts the lock, in one round trip, once, and records it', async () => {
    const { email, user, token } = await lockedAccount();
    expect((await signIn(email)).status).toBe(429);
    const answer = await unlock(token);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 1, hashes: 0 });
    expect(answer.json).toEqual({ success: true, message: expect.any(String) });
    expect((await recordsOf(user.id)).at(-1)).toMatchObject({ type: 'user_updated', reason: 'unlocked' });
    expect((await signIn(email)).status).toBe(200);
    expectInvalid(await unlock(token));
  });

  test('makes the device known, so that a stranger who locks the account again does not lock it (LIM-11)', async () => {
    const { email, token } = await lockedAccount();
    const answer = await unlock(token);
    const device = answer.headers.get('X-Device-Token')!;
    expect(cookieValue(answer, deviceCookie)).toBe(device);
    await lock(email);
    expect((await signIn(email)).status).toBe(429);
    expect((await signIn(email, password, device)).status).toBe(200);
  });

  test('gives the attempts of known devices back too, and those of nobody else', async () => {
    const { email, headers, json } = await registerUser(client);
    const other = await registerUser(client);
    const device = headers.get('X-Device-Token')!;
    for (let index = 0; index < 3; index++) await signIn(email, 'a typing error', device);
    // As of an account that has no address key yet.
    await query(sql`
      INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
      SELECT 'user:' || u || ':' || d, 2, gen_random_uuid(), now() + interval '15 minutes'
      FROM unnest(${[json.user.id, other.json.user.id]}::text[]) u, unnest(ARRAY['world', gen_random_uuid()::text]) d`);
    await lock(email);
    await lock(other.email);
    expect((await unlock(await tokenFrom(client, email, 'account_locked'))).status).toBe(200);
    expect((await signIn(email, password, device)).status).toBe(200);
    expect((await signIn(email)).status).toBe(200);
    expect((await signIn(other.email)).status).toBe(429);
    const left = await query(sql`SELECT t.bucket FROM login_attempts t WHERE t.bucket LIKE 'user:%'`);
    expect(left).toHaveLength(2);
    expect(JSON.stringify(left)).not.toContain(json.user.id);
  });

  test.each<[what: string, end: (id: string) => ReturnType<typeof sql>]>([
    ['is gone', (id) => sql`DELETE FROM users WHERE id = ${id}::uuid`],
    ['is banned', (id) => sql`UPDATE users SET banned_at = now() WHERE id = ${id}::uuid`],
    ['has another address', (id) => sql`UPDATE users SET email = ${freshEmail()} WHERE id = ${id}::uuid`],
    [
      'waited too long',
      (id) => sql`UPDATE one_time_tokens SET expires_at = now() WHERE owner_id = ${id}::uuid`,
    ],
  ])('refuses the link of an account that %s (PRV-04)', async (_what, end) => {
    const { json } = await registerUser(client);
    const token = await storeLink(client, 'unlock', json.user);
    await query(end(json.user.id));
    expectInvalid(await unlock(token));
  });

  test('whose answer is lost is repeated and answered 200, and has happened once (DBF-10)', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { user, token } = await lockedAccount();
    const { endpoint } = await faultyEndpoint(['commit-then-drop']);
    const answer = await new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }).post('/api/auth/unlock', {
      token,
    });
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
    expect((await recordsOf(user.id)).filter(({ reason }) => reason === 'unlocked')).toHaveLength(1);
  });
});

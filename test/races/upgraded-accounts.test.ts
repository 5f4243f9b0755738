import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { hashPassword } from '../../src/crypto/password-hash.ts';
import { migrate } from '../../src/db/migrations.ts';
import { sql } from '../../src/db/sql.ts';
import {
  claimsOf,
  refreshBy,
  refreshByCookie,
  sessionRow,
  successorIn,
} from '../features/sessions/session-fixtures.ts';
import { type Answer, TestClient, withLiveHashes } from '../support/client.ts';
import { openDatabase, query } from '../support/database.ts';
import { expiredSession, statementsOf } from '../support/guide-sql.ts';
import {
  addLegacySession,
  addLegacyUser,
  type LegacyUser,
  legacyJwt,
  makeLegacy,
} from '../support/legacy-database.ts';
import { describe } from '../support/races.ts';
import { releaseTogether } from './held-calls.ts';
import { installLockBarrier, releaseTogether as releaseFromLock } from './lock-barrier.ts';

const files = import.meta.glob<string>('../../migrations/*.sql', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const migrations = Object.entries(files).map(([path, text]) => ({
  name: path.replace(/^.*\/|\.sql$/g, ''),
  sql: text,
}));

const legacyCookie = 'refreshToken';
const long = '0123456789'.repeat(8);
const users = {
  '2a': { email: 'two-a@example.com', password: 'password of 2a', version: '2a' },
  '2b': { email: 'Two.B@Example.COM', password: 'password of 2b', version: '2b' },
  '2y': { email: ' two-y@example.com ', password: 'p\u00e4ssword of 2y', version: '2y' },
  long: { email: 'long@example.com', password: long },
  capitals: { email: 'J\u00dcRGEN@B\u00dcCHER.example', password: 'password in capitals' },
  localhost: { email: 'admin@localhost', password: 'password of admin' },
  reset: { email: 'reset@example.com', password: 'password before' },
  failing: { email: 'failing@example.com', password: 'password that stays' },
  crowd: { email: 'crowd@example.com', password: 'password of many' },
  social: { email: 'social@example.com', provider: 'google', providerId: '4711' },
} satisfies Record<string, LegacyUser>;
type Name = keyof typeof users;

const tokens = {
  cookie: legacyJwt(),
  body: legacyJwt(),
  equal: legacyJwt(),
  expired: legacyJwt(),
  long: '\u{1f600}'.repeat(500),
};
const race = Array.from({ length: 5 }, legacyJwt);

let client: TestClient;
const ids = {} as Record<Name, string>;
const sessions: Record<string, string> = {};

// One database of the legacy system with all of them, upgraded once by the runner behind `npm run migrate`.
beforeAll(async () => {
  await makeLegacy(openDatabase());
  for (const [name, user] of Object.entries(users))
    ids[name as Name] = await addLegacyUser(openDatabase(), user);
  const addSession = async (token: string | null, daysAgo = 0) => {
    const id = await addLegacySession(openDatabase(), ids.social, token, daysAgo);
    if (token !== null) sessions[token] = id;
    return id;
  };
  for (const token of [tokens.cookie, tokens.body, tokens.long, null, null, ...race])
    await addSession(token, 20);
  await addSession(tokens.expired, 31);
  const [newest] = [await addSession(tokens.equal, 1), await addSession(tokens.equal, 2)];
  sessions[tokens.equal] = newest ?? '';
  expect(await migrate(openDatabase(), migrations)).toHaveLength(migrations.length);
  await installLockBarrier();
  client = new TestClient(
    {
      DATABASE_TIMEOUT_MS: '8000',
      LEGACY_REFRESH_COOKIE: legacyCookie,
      LOGIN_ATTEMPTS_MAX: '100',
    },
    withLiveHashes,
  );
}, 60_000);
afterEach(() => vi.restoreAllMocks());

function logIn(email: string, password: string): Promise<Answer> {
  return client.post('/api/auth/login', { email, password });
}

/** The hash of a user, and what changes with every write to the row. */
async function stored(name: Name): Promise<{ password_hash: string | null; version: string }> {
  const [row] = await query<{ password_hash: string | null; version: string }>(
    sql`SELECT password_hash, xmin::text AS version FROM users WHERE id = ${ids[name]}::uuid`,
  );
  return row!;
}

describe('after the upgrade of a live database', () => {
  test.each(['2a', '2b', '2y', 'capitals', 'localhost'] as const)(
    'a user signs in with address and password as ever, is re-hashed once, and unverified (HSH-04): %s',
    async (name) => {
      const { email, password } = users[name];
      const answer = await logIn(email, password);
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 2 });
      expect(answer.json.user).toMatchObject({ id: ids[name], emailVerified: false, hasPassword: true });
      const upgraded = await stored(name);
      expect(upgraded.password_hash).toMatch(/^\$argon2id\$/);
      for (const typed of [email.toLowerCase(), ` ${email.toUpperCase()}`]) {
        expect(await logIn(typed, password)).toMatchObject({ status: 200, roundTrips: 2, hashes: 1 });
      }
      expect(await stored(name)).toEqual(upgraded);
      expect((await logIn(email, `${password}x`)).json.code).toBe('invalid_credentials');
      expect((await client.get('/api/auth/me', { bearer: answer.json.accessToken })).status).toBe(200);
    },
  );

  test('a password of more than 72 bytes signs in, and from then on every byte counts (HSH-08)', async () => {
    expect((await logIn(users.long.email, long)).status).toBe(200);
    expect((await logIn(users.long.email, `${long.slice(0, 72)}zzz`)).status).toBe(401);
    expect((await logIn(users.long.email, long)).status).toBe(200);
  });

  test('eight first logins at once all succeed, and one of them replaces the hash (HSH-04, HSH-06)', async () => {
    const { email, password } = users.crowd;
    releaseTogether('INSERT INTO sessions', 8);
    const answers = await Promise.all(Array.from({ length: 8 }, () => logIn(email, password)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const upgraded = await stored('crowd');
    expect(upgraded.password_hash).toMatch(/^\$argon2id\$/);
    expect(await logIn(email, password)).toMatchObject({ status: 200, hashes: 1 });
    expect(await stored('crowd')).toEqual(upgraded);
  });

  test('a first login undoes no reset that comes between its two statements (HSH-06)', async () => {
    const newer = await hashPassword('password after');
    const send = globalThis.fetch;
    let calls = 0;
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      calls += 1;
      if (calls === 2)
        await query(sql`UPDATE users SET password_hash = ${newer} WHERE id = ${ids.reset}::uuid`);
      return send(input, init);
    });
    const answer = await logIn(users.reset.email, users.reset.password);
    vi.restoreAllMocks();
    expect(answer.json).toMatchObject({ status: 401, code: 'invalid_credentials' });
    expect((await stored('reset')).password_hash).toBe(newer);
    expect((await logIn(users.reset.email, 'password after')).status).toBe(200);
  });

  test('a hash that cannot be replaced stays, and its owner signs in (HSH-07)', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const before = await stored('failing');
    await query(
      sql`ALTER TABLE users ADD CONSTRAINT test_no_rehash CHECK (email <> 'failing@example.com') NOT VALID`,
    );
    const answer = await logIn(users.failing.email, users.failing.password);
    await query(sql`ALTER TABLE users DROP CONSTRAINT test_no_rehash`);
    expect(answer, answer.text).toMatchObject({ status: 200, hashes: 2 });
    expect(await stored('failing')).toEqual(before);
    expect((await logIn(users.failing.email, users.failing.password)).status).toBe(200);
    expect((await stored('failing')).password_hash).toMatch(/^\$argon2id\$/);
  });

  test('a user without a password is refused like everybody else, and keeps the provider (ENU-01)', async () => {
    const answer = await logIn(users.social.email, 'a password');
    expect(answer).toMatchObject({
      status: 401,
      roundTrips: 2,
      hashes: 1,
      json: { code: 'invalid_credentials' },
    });
    const [row] = await query(sql`SELECT oauth_provider, oauth_id FROM users WHERE id = ${ids.social}::uuid`);
    expect(row).toEqual({ oauth_provider: 'google', oauth_id: '4711' });
  });

  test('the earlier cookie opens the cookie transport alone, at counter 1, and is its counter 0', async () => {
    const first = await refreshByCookie(client, tokens.cookie, legacyCookie);
    expect(first, first.text).toMatchObject({ status: 200, roundTrips: 1 });
    expect(first.setCookies).toContain(`${legacyCookie}=; Path=/; Secure; HttpOnly; Max-Age=0`);
    expect(claimsOf(first.json.accessToken)).toMatchObject({ sub: ids.social, sid: sessions[tokens.cookie] });
    const repeat = await refreshByCookie(client, tokens.cookie, legacyCookie);
    expect(successorIn('cookie', repeat)).toBe(successorIn('cookie', first));
    expect((await refreshBy('body', client, tokens.cookie)).json.code).toBe('session_expired');
    expect(await sessionRow(sessions[tokens.cookie]!)).toMatchObject({
      cookie_counter: 1,
      body_counter: null,
    });
  });

  test.each([
    ['a token in the body', tokens.body],
    ['a token of 500 characters beyond the BMP', tokens.long],
  ])('%s opens the body transport, and the cookie’s stays closed', async (_what, token) => {
    const first = await refreshBy('body', client, token);
    expect(first, first.text).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    expect((await refreshBy('cookie', client, token)).json.code).toBe('session_expired');
    const next = await refreshBy('body', client, successorIn('body', first) ?? '');
    expect(next.status).toBe(200);
  });

  test('of equal tokens the newest session has it, and an expired one opens nothing', async () => {
    const { json } = await refreshBy('body', client, tokens.equal);
    expect(claimsOf(json.accessToken).sid).toBe(sessions[tokens.equal]);
    expect((await refreshBy('body', client, tokens.expired)).json.code).toBe('session_expired');
  });

  test('sessions that had no token keep none', async () => {
    const [row] = await query(sql`
      SELECT count(*)::int AS count FROM sessions
      WHERE legacy_token_hash IS NULL AND cookie_counter IS NULL AND body_counter IS NULL AND created_at < now() - interval '19 days'`);
    expect(row).toEqual({ count: 2 });
  });

  test.each(race)(
    'a legacy token that comes by cookie and body at once opens exactly one, %#',
    async (token) => {
      const sessionId = sessions[token] ?? '';
      const uses = Array.from(
        { length: 20 },
        (_, index) => () =>
          index % 2 ? refreshBy('body', client, token) : refreshByCookie(client, token, legacyCookie),
      );
      const { results, waiting } = await releaseFromLock(sessionId, uses);
      expect(waiting).toBe(uses.length);
      const winner = results[0]!.status === 200 ? 'cookie' : 'body';
      const won = results.filter(({ status }) => status === 200);
      expect(won.map((answer) => results.indexOf(answer) % 2)).toEqual(
        won.map(() => (winner === 'cookie' ? 0 : 1)),
      );
      expect(won).toHaveLength(10);
      expect(new Set(won.map((answer) => successorIn(winner, answer))).size).toBe(1);
      const lost = results.filter(({ status }) => status !== 200);
      expect(new Set(lost.map(({ status, json }) => `${status} ${json.code}`))).toEqual(
        new Set(['401 session_expired']),
      );
      const row = await sessionRow(sessionId);
      expect([row?.cookie_counter, row?.body_counter].toSorted()).toEqual([1, null]);
    },
  );

  test("a plain token that the guide's INSERT writes counts as one of the legacy system", async () => {
    const [statement] = statementsOf(expiredSession, [ids.social, 'old-token']);
    await query(statement!);
    expect((await refreshBy('body', client, 'old-token')).json.code).toBe('session_expired');
    await query(sql`
      UPDATE sessions SET expires_at = now() + interval '1 day', absolute_expires_at = now() + interval '1 day'
      WHERE legacy_token_hash = sha256(convert_to('old-token', 'UTF8'))`);
    expect((await refreshBy('body', client, 'old-token')).status).toBe(200);
  });
});

import { createExecutionContext } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { hashPassword } from '../../../src/crypto/password-hash.ts';
import { sql } from '../../../src/db/sql.ts';
import deployedWorker from '../../../src/index.ts';
import { freshEmail, logIn, password, registerUser, registration } from '../../support/accounts.ts';
import { cheapParameters, TestClient, toRequest, withLiveHashes } from '../../support/client.ts';
import { faultyEndpoint, openDatabase, query } from '../../support/database.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { bcryptHash, findSessions, findUsers, storeAccount, storedHash } from './stored-accounts.ts';

const client = new TestClient();
const deployed = new TestClient({}, withLiveHashes);
const livePhc = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;
const currentPhc = /^\$argon2id\$v=19\$m=8,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;

afterEach(() => vi.restoreAllMocks());

describe('the hash of a new account', () => {
  test.each(['production', 'development'])(
    'is a PHC string with the live parameters, of the Worker as it is deployed, in %s (HSH-01)',
    async (environment) => {
      const { env } = new TestClient({ ENVIRONMENT: environment, RATE_LIMIT_PER_MINUTE: undefined });
      const email = freshEmail();
      const request = toRequest('POST', '/api/auth/register', { body: registration(email) });
      const answer = await deployedWorker.fetch(request, env, createExecutionContext());
      expect(answer.status, await answer.text()).toBe(201);
      const [user] = await findUsers(email);
      expect(user).toMatchObject({ password_hash: expect.stringMatching(livePhc) });
    },
  );
});

describe('key derivations that production limits (HSH-02)', () => {
  test('are used by no register, login, upgrade or failure', async () => {
    const calls = [
      vi.spyOn(crypto.subtle, 'deriveBits').mockRejectedValue(new Error('iteration counts above 100000')),
      vi.spyOn(crypto.subtle, 'deriveKey').mockRejectedValue(new Error('iteration counts above 100000')),
    ];
    const imported = vi.spyOn(crypto.subtle, 'importKey');
    const fresh = new TestClient();
    const { email } = await registerUser(fresh);
    const legacy = await storeAccount(bcryptHash());
    await logIn(fresh, email);
    await logIn(fresh, legacy.email);
    const wrong = await fresh.post('/api/auth/login', { email, password: 'not the password' });
    const unknown = await fresh.post('/api/auth/login', { email: freshEmail(), password });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    for (const call of calls) expect(call).not.toHaveBeenCalled();
    // A fresh client imports its signing keys, so the spy does see what the service does.
    expect(imported).toHaveBeenCalled();
    expect(JSON.stringify(imported.mock.calls)).not.toMatch(/pbkdf2|hkdf|scrypt/i);
  });
});

describe('a hash of the legacy system', () => {
  test('signs in and is replaced once: the next logins write nothing (HSH-04)', async () => {
    const { id, email } = await storeAccount(bcryptHash());
    expect(await logIn(client, email)).toMatchObject({ roundTrips: 2, hashes: 2 });
    const upgraded = await findUsers(email);
    expect(upgraded[0]!.password_hash).toMatch(currentPhc);
    for (const _login of ['second', 'third']) {
      expect(await logIn(client, email)).toMatchObject({ roundTrips: 2, hashes: 1 });
      expect(await findUsers(email)).toEqual(upgraded);
    }
    expect(await findSessions(id)).toHaveLength(3);
  });

  test('is not touched by a wrong password', async () => {
    const stored = bcryptHash();
    const { id, email } = await storeAccount(stored);
    expect((await client.post('/api/auth/login', { email, password: 'wrong' })).status).toBe(401);
    expect(await storedHash(id)).toBe(stored);
  });

  test('of more than 72 bytes signs in, and from then on every byte counts (HSH-08)', async () => {
    const long = '0123456789'.repeat(8);
    const { email } = await storeAccount(bcryptHash(long));
    const attempt = async (text: string) =>
      (await client.post('/api/auth/login', { email, password: text })).status;
    expect(await attempt(long)).toBe(200);
    expect(await attempt(`${long.slice(0, 72)}zzz`)).toBe(401);
    expect(await attempt(long.slice(0, 72))).toBe(401);
    expect(await attempt(long)).toBe(200);
  });

  test('made with weaker Argon2id parameters is replaced as well', async () => {
    // m=19456, t=1, p=1 over "correct horse".
    const weak =
      '$argon2id$v=19$m=19456,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$jcxJZ7XI4OrXiG8VtFG9acsiIIoYMWlOOXBQn0SPiJM';
    const { id, email } = await storeAccount(weak);
    await logIn(deployed, email, { password: 'correct horse' });
    expect(await storedHash(id)).toMatch(livePhc);
    await logIn(deployed, email, { password: 'correct horse' });
  });
});

describe('the write that replaces a hash', () => {
  test.each(['42501', '23514', '40001'])(
    'failing with SQLSTATE %s fails no login, and the next login tries again (HSH-07)',
    async (sqlstate) => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
      const stored = bcryptHash();
      const { id, email } = await storeAccount(stored);
      // States that a repeat may cure are met twice.
      const repeats = sqlstate.startsWith('40') ? 2 : 1;
      const proxy = await faultyEndpoint(['pass', ...Array.from({ length: repeats }, () => ({ sqlstate }))]);
      const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: proxy.endpoint });
      const answer = await logIn(faulty, email);
      expect(answer).toMatchObject({ roundTrips: 2 + repeats, hashes: 2 });
      expect(await storedHash(id)).toBe(stored);
      expect(await findSessions(id)).toHaveLength(1);
      const me = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
      expect(me.json.user.id).toBe(id);
      const line = JSON.parse(String(warn.mock.lastCall)) as Record<string, unknown>;
      expect(line).toMatchObject({
        event: 'password_rehash_failed',
        userId: id,
        requestId: answer.headers.get('X-Request-Id'),
      });
      await logIn(faulty, email);
      expect(await storedHash(id)).toMatch(currentPhc);
    },
  );

  test('does not undo a password that was set since the hash was read (HSH-06, T30)', async () => {
    const { id, email } = await storeAccount(bcryptHash());
    const newer = await hashPassword('the newer password', cheapParameters);
    // What a completed reset does.
    betweenStatements(() =>
      openDatabase().batch([
        sql`UPDATE users SET password_hash = ${newer} WHERE id = ${id}::uuid`,
        sql`DELETE FROM sessions WHERE user_id = ${id}::uuid`,
      ]),
    );
    const answer = await client.post('/api/auth/login', { email, password });
    expect(answer.json).toMatchObject({ status: 401, code: 'invalid_credentials' });
    expect(answer.setCookies).toEqual([]);
    expect(await storedHash(id)).toBe(newer);
    expect(await findSessions(id)).toEqual([]);
    expect((await client.post('/api/auth/login', { email, password })).status).toBe(401);
    await logIn(client, email, { password: 'the newer password' });
  });

  test('does not fail a login that finds the hash replaced by another login of the same password', async () => {
    const { id, email } = await storeAccount(bcryptHash());
    const byOther = await hashPassword(password, cheapParameters);
    betweenStatements(() =>
      query(sql`
      UPDATE users SET password_hash = ${byOther} WHERE id = ${id}::uuid`),
    );
    const answer = await logIn(client, email);
    expect((await client.get('/api/auth/me', { bearer: answer.json.accessToken })).status).toBe(200);
    expect(await storedHash(id)).toBe(byOther);
    expect(await findSessions(id)).toHaveLength(1);
  });
});

describe('between the two statements of a login', () => {
  test.each([
    [
      'another password',
      (id: string) => sql`UPDATE users SET password_hash = 'other' WHERE id = ${id}::uuid`,
    ],
    [
      'no password any more',
      (id: string) => sql`UPDATE users SET password_hash = NULL WHERE id = ${id}::uuid`,
    ],
    ['a ban', (id: string) => sql`UPDATE users SET banned_at = now() WHERE id = ${id}::uuid`],
    ['a deletion', (id: string) => sql`DELETE FROM users WHERE id = ${id}::uuid`],
  ])('%s opens no session (SES-07)', async (_change, change) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { userId, email } = await signIn(client);
    const before = await findSessions(userId);
    betweenStatements(() => query(change(userId)));
    const answer = await client.post('/api/auth/login', { email, password });
    expect(answer.json).toMatchObject({ status: 401, code: 'invalid_credentials' });
    expect(answer.setCookies).toEqual([]);
    const after = await findSessions(userId);
    expect(after.filter(({ id }) => !before.some((session) => session.id === id))).toEqual([]);
  });
});

describe('a stored hash that is malformed or hostile', () => {
  // test/crypto/password-hash.security.test.ts has them all, and how long each takes.
  test.each([
    ['nothing', ''],
    ['bcrypt of cost 99', '$2b$99$abcdefghijklmnopqrstuufJyGQz74MaXA58G4n4SAlu8WLjGODFe'],
  ])('(%s) is the 401 of a wrong password, and an alert for the operator (HSH-05)', async (_kind, stored) => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { id, email } = await storeAccount(stored);
    const answer = await client.post('/api/auth/login', { email, password });
    expect(answer).toMatchObject({ status: 401, roundTrips: 2, hashes: 1, setCookies: [] });
    expect(answer.json.code).toBe('invalid_credentials');
    const line = String(error.mock.lastCall);
    expect(JSON.parse(line)).toEqual({
      time: expect.any(String),
      level: 'error',
      event: 'stored_password_hash_malformed',
      requestId: answer.headers.get('X-Request-Id'),
      userId: id,
    });
    expect(await storedHash(id)).toBe(stored);
    expect(await findSessions(id)).toEqual([]);
  });

  test('is no alert where there is none, or no such account', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { email } = await storeAccount(null);
    for (const address of [email, freshEmail()]) {
      expect((await client.post('/api/auth/login', { email: address, password })).status).toBe(401);
    }
    expect(error).not.toHaveBeenCalled();
  });

  test('keeps its address taken', async () => {
    const { email } = await storeAccount('');
    const answer = await client.post('/api/auth/register', registration(email));
    expect(answer.json.code).toBe('email_taken');
  });
});

/** Runs `change` after the first call to the database from now on has been answered and before the second is made. */
function betweenStatements(change: () => Promise<unknown>): void {
  const send = globalThis.fetch;
  let calls = 0;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    calls += 1;
    if (calls === 2) await change();
    return send(input, init);
  });
}

import { beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, logIn, otherPassword, password, registerUser } from '../../support/accounts.ts';
import { breachService, restOfSha1 } from '../../support/breach-service.ts';
import { type Answer, cookieValue, TestClient } from '../../support/client.ts';
import { type Fault, faultyEndpoint, query } from '../../support/database.ts';
import { forgeLink, storeLink } from '../../support/links.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { type SignedIn, signIn } from '../sessions/session-fixtures.ts';
import { linkFor, reset } from './password-reset.ts';
import { expectDead, recordsOf, signInAgain } from './signed-in-owner.ts';
import { bcryptHash, findSessions, storedHash } from './stored-accounts.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const deviceCookie = '__Host-nexora_device';

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

function expectInvalid(answer: Answer): void {
  expect([answer.status, answer.json.code], answer.text).toEqual([400, 'token_invalid']);
  expect(answer.setCookies).toEqual([]);
  expect(answer.headers.has('X-Device-Token')).toBe(false);
}

/** How somebody fares who signs in with this password. */
async function statusOfLogin(email: string, text: string): Promise<number> {
  return (await client.post('/api/auth/login', { email, password: text })).status;
}

// What it closes besides the sessions, test/contract/closing-table.test.ts looks at.
describe('POST /api/auth/password/reset', () => {
  test('sets the password and signs nobody in, in two round trips and one hash (RST-03)', async () => {
    const { email } = await signIn(client);
    const answer = await reset(client, await linkFor(client, email));
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 1 });
    expect(answer.json).toEqual({ success: true, message: expect.any(String) });
    expect(answer.setCookies.map((cookie) => cookie.split('=')[0])).toEqual([deviceCookie]);
    expect(await statusOfLogin(email, password)).toBe(401);
    expect(await statusOfLogin(email, otherPassword)).toBe(200);
  });

  test('ends every session, the one of the asker too (SES-06)', async () => {
    const owner = await signIn(client);
    const others = [await signInAgain(client, owner.email), await signInAgain(client, owner.email)];
    const token = await linkFor(client, owner.email);
    expect((await reset(client, token, otherPassword, { bearer: owner.accessToken })).status).toBe(200);
    for (const session of [owner, ...others]) await expectDead(client, { ...owner, ...session });
    expect(await findSessions(owner.userId)).toEqual([]);
  });

  test('tells the owner by mail, and records what was done and what ended (RST-08)', async () => {
    const owner = await signIn(client);
    const answer = await reset(client, await linkFor(client, owner.email));
    expect((await mailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual([
      'reset_password',
      'password_changed',
    ]);
    const request = { request_id: answer.headers.get('X-Request-Id') };
    expect((await recordsOf(owner.userId)).slice(-3)).toMatchObject([
      { type: 'authn_password_change', reason: 'reset', ...request },
      { type: 'authn_token_revoked', reason: 'password_reset', session_id: owner.sessionId, ...request },
      { type: 'user_updated', reason: 'email_verified', ...request },
    ]);
  });

  test('proves the mailbox, and counts as the first proof once (LNK-05)', async () => {
    const { email, userId } = await signIn(client);
    // The second one takes the same password again.
    for (let index = 0; index < 2; index++)
      expect((await reset(client, await linkFor(client, email))).status).toBe(200);
    const { user } = (await logIn(client, email, { password: otherPassword })).json;
    expect(user.emailVerified).toBe(true);
    const verified = (await recordsOf(userId)).filter(({ reason }) => reason === 'email_verified');
    expect(verified).toHaveLength(1);
  });

  test('of two links that were asked for, the use of one ends the other (RST-02)', async () => {
    const { email } = await signIn(client);
    const first = await linkFor(client, email);
    const second = await linkFor(client, email);
    expect(second).not.toBe(first);
    expect((await reset(client, second)).status).toBe(200);
    expectInvalid(await reset(client, first));
    expectInvalid(await reset(client, second));
  });

  test.each(['cookie', 'header'])(
    'makes the browser a known device, and no other one, by %s (LIM-11)',
    async (by) => {
      const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '2' });
      const { email, headers } = await registerUser(limited);
      const answer = await reset(limited, await linkFor(limited, email));
      for (let index = 0; index < 3; index++)
        await limited.post('/api/auth/login', { email, password: 'a guess of a stranger' });
      const signInOn = (token: string) =>
        limited.post(
          '/api/auth/login',
          { email, password: otherPassword },
          by === 'cookie' ? { cookies: { [deviceCookie]: token } } : { headers: { 'X-Device-Token': token } },
        );
      const known =
        by === 'cookie' ? cookieValue(answer, deviceCookie) : answer.headers.get('X-Device-Token');
      expect((await signInOn(known!)).status).toBe(200);
      // A device from before the reset is untrusted.
      expect((await signInOn(headers.get('X-Device-Token')!)).status).toBe(429);
    },
  );

  test.each([
    ['the account', async () => (await signIn(client)).email],
    [
      'an address that only another spelling reaches',
      async () => {
        const email = `${crypto.randomUUID().slice(0, 13)}@b\u00fccher.example`;
        await query(
          sql`INSERT INTO users (email, name, password_hash) VALUES (${email}, 'Earlier', ${bcryptHash()})`,
        );
        return email;
      },
    ],
  ])('lifts the lock that counts for %s (LIM-11)', async (_whose, prepare) => {
    const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '2' });
    const email = await prepare();
    const guess = (text: string) => limited.post('/api/auth/login', { email, password: text });
    for (let index = 0; index < 2; index++) await guess('a guess of a stranger');
    expect((await guess(password)).status).toBe(429);
    expect((await reset(limited, await linkFor(limited, email))).status).toBe(200);
    expect((await guess(otherPassword)).status).toBe(200);
  });
});

describe('a new password that is refused', () => {
  test.each([
    ['common', 'password123'],
    ['short', 'abc'],
    ['breached', 'known from a breach'],
  ])('(%s) leaves the link good (RST-05, PWD-09)', async (_what, weak) => {
    const { url } = await breachService({ found: { [await restOfSha1('known from a breach')]: 1 } });
    const asking = new TestClient({ BREACHED_PASSWORD_CHECK: 'true', HIBP_URL: url });
    const { email } = await signIn(client);
    const token = await linkFor(client, email);
    const refused = await reset(asking, token, weak);
    expect(refused).toMatchObject({ status: 400, roundTrips: 0, hashes: 0 });
    expect(refused.json.errors[0].pointer).toBe('/password');
    expect((await reset(client, token)).status).toBe(200);
  });

  test('because it is made of the address leaves the link good too (RST-05)', async () => {
    const { email } = await signIn(client);
    const token = await linkFor(client, email);
    const refused = await reset(client, token, `${email.split('@')[0]}1`);
    expect(refused).toMatchObject({ status: 400, roundTrips: 1, hashes: 0 });
    expect(refused.json.code).toBe('password_too_common');
    expect((await reset(client, token)).status).toBe(200);
  });

  test('because its repetition differs is told at its field', async () => {
    const { email } = await signIn(client);
    const token = await linkFor(client, email);
    const body = { token, password: otherPassword, confirmPassword: password };
    const answer = await client.post('/api/auth/password/reset', body);
    expect(answer.json.errors).toMatchObject([{ pointer: '/confirmPassword', code: 'mismatch' }]);
  });
});

describe('a link that does not count', () => {
  let owner: SignedIn;
  beforeAll(async () => {
    owner = await signIn(client);
  });

  test.each<[what: string, token: (user: { id: string; email: string }) => Promise<string>]>([
    ['of another kind', (user) => storeLink(client, 'unlock', user)],
    [
      'with the prefix of this kind',
      async (user) => (await storeLink(client, 'unlock', user)).replace('nxu_', 'nxp_'),
    ],
    [
      'with another last character',
      async (user) => (await storeLink(client, 'reset_password', user)).replace(/..$/, 'xx'),
    ],
    ['with nothing behind its prefix', async () => 'nxp_'],
    ['that is any text', async () => 'token'],
  ])('%s is token_invalid without a round trip (ENU-09)', async (_what, tokenOf) => {
    const answer = await reset(client, await tokenOf({ id: owner.userId, email: owner.email }));
    expectInvalid(answer);
    expect(answer).toMatchObject({ roundTrips: 0, hashes: 0 });
  });

  const gone: [what: string, end: (user: { id: string; email: string }) => Promise<unknown>][] = [
    ['of a deleted account', ({ id }) => query(sql`DELETE FROM users WHERE id = ${id}::uuid`)],
    [
      'of a banned account',
      ({ id }) => query(sql`UPDATE users SET banned_at = now() WHERE id = ${id}::uuid`),
    ],
    [
      'of an account that has another address now',
      ({ id }) => query(sql`UPDATE users SET email = ${freshEmail()} WHERE id = ${id}::uuid`),
    ],
    [
      'whose hour is over',
      ({ id }) => query(sql`UPDATE one_time_tokens SET expires_at = now() WHERE owner_id = ${id}::uuid`),
    ],
  ];
  test.each(gone)('%s is token_invalid, with the same bytes (PRV-04, ENU-09, RST-08)', async (_what, end) => {
    const { email, userId: id } = await signIn(client);
    const hash = await storedHash(id);
    const token = await linkFor(client, email);
    await end({ id, email });
    const answer = await reset(client, token);
    expectInvalid(answer);
    expect(answer).toMatchObject({ roundTrips: 1, hashes: 0 });
    const bytes = ({ text, json: { requestId } }: Answer) => text.replace(requestId, '');
    const unknown = await reset(client, forgeLink(client, 'reset_password').token);
    expect(bytes(answer)).toBe(bytes(unknown));
    const rows = await query<{ password_hash: string }>(
      sql`SELECT password_hash FROM users WHERE id = ${id}::uuid`,
    );
    expect(rows.map(({ password_hash }) => password_hash)).toEqual(_what.includes('deleted') ? [] : [hash]);
  });

  test('is limited like every credential: random ones are no way to guess (RST-07)', async () => {
    const limited = new TestClient({ RATE_LIMIT_PER_MINUTE: '20' }, { now: () => 0 });
    const count = inject('isFull') ? 1000 : 120;
    const statuses = [];
    for (let index = 0; index < count; index++)
      statuses.push((await reset(limited, forgeLink(limited, 'reset_password').token)).status);
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(400));
    expect(statuses.slice(20)).toEqual(Array(count - 20).fill(429));
  });
});

// That a database which is down leaves the link good: test/contract/crash-points.test.ts.
describe('a reset whose answer is lost', () => {
  const faulty = async (faults: readonly Fault[]) => {
    const { endpoint } = await faultyEndpoint([...faults]);
    return new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint, DATABASE_TIMEOUT_MS: '2500' });
  };

  test('once is answered 200: one new password, one notice, one record (DBF-09)', async () => {
    const owner = await signIn(client);
    const token = await linkFor(client, owner.email);
    const answer = await reset(await faulty(['pass', 'commit-then-drop']), token);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3, hashes: 1 });
    expect(await statusOfLogin(owner.email, otherPassword)).toBe(200);
    const kinds = (await mailsTo(client, owner.email)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'password_changed')).toHaveLength(1);
    const records = await recordsOf(owner.userId);
    expect(records.filter(({ type }) => type === 'authn_password_change')).toHaveLength(1);
  });

  test('twice is 503; a retry says that the link is consumed, and the new password signs in (DBF-09, RST-06)', async () => {
    const owner = await signIn(client);
    const token = await linkFor(client, owner.email);
    const answer = await reset(await faulty(['pass', 'commit-then-drop', 'commit-then-drop']), token);
    expect([answer.status, answer.json.code]).toEqual([503, 'service_unavailable']);
    expectInvalid(await reset(client, token));
    expect(await statusOfLogin(owner.email, otherPassword)).toBe(200);
    expect(await statusOfLogin(owner.email, password)).toBe(401);
    await expectDead(client, owner);
  });
});

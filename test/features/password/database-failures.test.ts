import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { expectProblem } from '../../contract/expect-problem.ts';
import { freshEmail, logIn, password, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { type Fault, faultyEndpoint } from '../../support/database.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { recordsOf } from './signed-in-owner.ts';
import { bcryptHash, findSessions, findUsers, storeAccount, storedHash } from './stored-accounts.ts';

const client = new TestClient();

/** A client whose database calls meet these faults in turn, and how many calls it made. */
async function faultyClient(
  faults: readonly Fault[],
  timeoutMs = '2500',
  overrides: Readonly<Record<string, string>> = {},
) {
  const proxy = await faultyEndpoint(faults);
  const faulty = new TestClient({
    DATABASE_HTTP_ENDPOINT: proxy.endpoint,
    DATABASE_TIMEOUT_MS: timeoutMs,
    ...overrides,
  });
  return { faulty, seen: proxy.seen };
}

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

describe('a committed register whose answer is lost', () => {
  test('is answered 201 all the same: one user, one session, one event, usable tokens (DBF-07)', async () => {
    const { faulty, seen } = await faultyClient(['commit-then-drop']);
    const email = freshEmail();
    const answer = await faulty.post('/api/auth/register', registration(email));
    expect(answer, answer.text).toMatchObject({ status: 201, roundTrips: 2, hashes: 1 });
    expect((await seen()).map(({ fault }) => fault)).toEqual(['commit-then-drop', 'pass']);

    const { user, accessToken, refreshToken } = answer.json;
    expect(user).toMatchObject({ email, name: 'Test User', emailVerified: false, hasPassword: true });
    expect(await findUsers(email)).toHaveLength(1);
    expect(await findSessions(user.id)).toMatchObject([{ id: decodeJwt(accessToken).sid }]);
    const requestId = answer.headers.get('X-Request-Id');
    expect(await recordsOf(user.id)).toMatchObject([{ type: 'user_created', request_id: requestId }]);

    expect((await client.get('/api/auth/me', { bearer: accessToken })).json.user).toEqual(user);
    expect((await client.post('/api/auth/refresh', { refreshToken })).status).toBe(200);
    expect((await logIn(client, email)).json.user).toEqual(user);
  });

  test('for an address that is taken is 409 like any other', async () => {
    const { email } = await signIn(client);
    const { faulty } = await faultyClient(['commit-then-drop']);
    const answer = await faulty.post('/api/auth/register', registration(email));
    expect(answer.json).toMatchObject({ status: 409, code: 'email_taken' });
    expect(await findUsers(email)).toHaveLength(1);
  });

  test('twice over is 503, and the account that was made can be signed in to', async () => {
    const { faulty } = await faultyClient(['commit-then-drop', 'commit-then-drop']);
    const email = freshEmail();
    expectUnavailable(await faulty.post('/api/auth/register', registration(email)));
    const { json } = await logIn(client, email);
    expect(await recordsOf(json.user.id)).toMatchObject([
      { type: 'user_created' },
      { type: 'authn_login_success' },
    ]);
  });
});

describe('a committed login whose answer is lost', () => {
  test.each([
    ['of an account of today', async () => (await signIn(client)).email],
    ['that replaces an old hash', async () => (await storeAccount(bcryptHash())).email],
  ])(
    '%s is answered 200 all the same: one new session, one event, usable tokens (DBF-08)',
    async (_kind, prepare) => {
      const email = await prepare();
      const { faulty } = await faultyClient(['pass', 'commit-then-drop']);
      const answer = await faulty.post('/api/auth/login', { email, password });
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });

      const { user, accessToken, refreshToken } = answer.json;
      const sessionId = decodeJwt(accessToken).sid;
      const requestId = answer.headers.get('X-Request-Id');
      const sessions = await findSessions(user.id);
      expect(sessions.filter(({ method }) => method === 'password').at(-1)).toMatchObject({ id: sessionId });
      const events = await recordsOf(user.id);
      expect(events.filter(({ type }) => type === 'authn_login_success')).toMatchObject([
        { session_id: sessionId, request_id: requestId },
      ]);
      expect(sessions).toHaveLength(events.length);
      expect(await storedHash(user.id)).toMatch(/^\$argon2id\$/);
      expect((await client.get('/api/auth/me', { bearer: accessToken })).status).toBe(200);
      expect((await client.post('/api/auth/refresh', { refreshToken })).status).toBe(200);
    },
  );

  test('after the first statement costs one repeat, and counts one attempt', async () => {
    const { email } = await signIn(client);
    const { faulty } = await faultyClient(['commit-then-drop']);
    expect(await logIn(faulty, email)).toMatchObject({ roundTrips: 3, hashes: 1 });
    const twice = await faultyClient(['commit-then-drop'], '2500', { LOGIN_ATTEMPTS_MAX: '2' });
    for (const status of [401, 401, 429]) {
      expect((await twice.faulty.post('/api/auth/login', { email, password: 'wrong' })).status).toBe(status);
    }
  });
});

// That any statement may fail, and leaves nothing half made, is tried by test/contract/database-failures.test.ts and
// crash-points.test.ts, with the right password.
describe.each<[name: string, fault: Fault, tries: number]>([
  ['refuses connections', 'refuse', 2],
  ['never answers', 'hang', 2],
  ['cancels the statement', { sqlstate: '57014' }, 1],
])('a database that %s', (_name, fault, tries) => {
  test.each<[which: string, passed: Fault[], calls: number]>([
    ['the first statement of a login', [], tries],
    // It adds a record each time it runs: never repeated.
    ['the record of a failed login', ['pass'], 1],
  ])(
    'under %s with a wrong password is 503, never 401 and never a session (DBF-03)',
    async (_which, passed, calls) => {
      const { email, userId } = await signIn(client);
      const { faulty, seen } = await faultyClient([...passed, ...Array<Fault>(tries).fill(fault)], '400');
      expectUnavailable(await faulty.post('/api/auth/login', { email, password: 'not the password' }));
      expect(await seen()).toHaveLength(passed.length + calls);
      expect(await findSessions(userId)).toHaveLength(1);
      await logIn(client, email);
    },
  );
});

function expectUnavailable(answer: Answer): void {
  expectProblem(answer, 503, 'service_unavailable');
  expect(answer.setCookies).toEqual([]);
}

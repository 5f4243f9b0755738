import { describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { FakeKv, type KvFault } from '../rate-limit/fake-kv.ts';
import { password } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { faultyEndpoint } from '../support/database.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { failureFor, isTriedInFull } from './route-choice.ts';
import { bodyRoutes, exampleCall, exampleOf, membersOf, registeredRoutes } from './route-table.ts';

const minute = 60_000;
const live = 'GET /api/health/live';
/** The class of each route, as it is registered. */
const classes = new Map(
  createApp()
    .serves.filter(({ medium }) => medium === 'api')
    .map(({ method, path, limit }) => [`${method} ${path}`, limit]),
);
const limited = registeredRoutes.filter((key) => classes.get(key) !== null);
/** Members by which somebody guesses, or says whom a mail goes to. */
const guessable = /password|email|code|^token$|idToken/i;

const account = await insertAccount(new TestClient());

/** A client of a service with room for this many `credential` requests, and a clock that is moved by hand. */
function limitedClient(perMinute: number, kv?: FakeKv, variables: Readonly<Record<string, string>> = {}) {
  // A quarter of a minute into the next window: tokens are judged by this clock too, and none comes from its future.
  const clock = { now: Math.ceil(Date.now() / minute) * minute + minute / 4 };
  const client = new TestClient(
    { RATE_LIMIT_PER_MINUTE: String(perMinute), ...variables },
    { now: () => clock.now, ...(kv && { bindings: { RATE_LIMIT_KV: kv.binding } }) },
  );
  return { client, clock };
}

const from = (ip: string) => ({ 'CF-Connecting-IP': ip });

function logInFrom(client: TestClient, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return client.post('/api/auth/login', {}, { headers });
}

describe.each(limited)('%s', (key) => {
  const name = classes.get(key);
  const quota = name === 'credential' ? 1 : 10;
  const fields = ({ headers }: Answer) => [headers.get('RateLimit-Policy'), headers.get('RateLimit')];
  // What a shared cache may keep must not tell everybody the budget of one.
  const told = (answer: Answer, remaining: number) =>
    answer.headers.get('Cache-Control')?.includes('public')
      ? [null, null]
      : [`"${name}";q=${quota};w=60`, `"${name}";r=${remaining};t=45`];

  test('is limited for its class, by client and minute, without asking the database (LIM-08, LIM-12)', async () => {
    const lines = recordLog();
    const { client, clock } = limitedClient(1);
    const [method, path] = exampleCall(key, account);
    const call = (ip: string) => client.call(method, path, { headers: from(ip) });
    for (let index = 1; index <= quota; index++) {
      const answer = await call('203.0.113.7');
      expect(answer.status).not.toBe(429);
      expect(fields(answer)).toEqual(told(answer, quota - index));
      expect(answer.headers.has('Retry-After')).toBe(false);
    }
    const refused = await call('203.0.113.7');
    expectProblem(refused, 429, 'rate_limited');
    expect(fields(refused)).toEqual([`"${name}";q=${quota};w=60`, `"${name}";r=0;t=45`]);
    expect(refused.headers.get('Retry-After')).toBe('45');
    expect(refused.roundTrips).toBe(0);
    expect(lines.filter((line) => !line.includes('"clean_up_finished"'))).toEqual([]);

    expect((await call('203.0.113.8')).status).not.toBe(429);
    clock.now += 45_000 - 1;
    expect((await call('203.0.113.7')).headers.get('Retry-After')).toBe('1');
    clock.now += 1;
    expect((await call('203.0.113.7')).status).not.toBe(429);
  });

  if (!isTriedInFull(key)) return;

  test('tells the budget with a success and with a failure alike', async () => {
    recordLog();
    const { client, clock } = limitedClient(1);
    const fresh = await insertAccountFor(new TestClient(), key);
    const success = await client.call(...exampleCall(key, fresh, 'bearer', {}, clock.now));
    expect(success.status, success.text).toBe(exampleOf(key).status);
    expect(fields(success)).toEqual(told(success, quota - 1));
    if (exampleOf(key).roundTrips === 0) return;
    const { endpoint } = await faultyEndpoint({ always: failureFor(key) });
    const { client: broken } = limitedClient(1, undefined, { DATABASE_HTTP_ENDPOINT: endpoint });
    const failure = await broken.call(...exampleCall(key, account));
    expect(failure.status).toBe(503);
    expect(fields(failure)[1]).toBe(`"${name}";r=${quota - 1};t=45`);
  });
});

describe('the limits', () => {
  test('are the smaller ones where a password, an address, a code, a one-time token or a secret is taken (LIM-12)', async () => {
    const { serves } = createApp();
    for (const { method, path, guard, limit, medium } of serves) {
      const key = `${method} ${path}`;
      const members =
        medium === 'api' && bodyRoutes.includes(key) ? Object.keys(membersOf(key, account)) : [];
      const isGuessedAt = members.some((member) => guessable.test(member));
      if (isGuessedAt || ['identity-provider', 'cron', 'admin'].includes(guard))
        expect(limit, key).toBe('credential');
    }
  });

  test('are there for every route but liveness (LIM-12)', async () => {
    const { serves } = createApp();
    expect([...classes].filter(([, limit]) => limit === null).map(([key]) => key)).toEqual([live]);
    for (const { method, path, limit } of serves.filter(({ medium }) => medium === 'page'))
      expect(limit, `${method} ${path}`).toBe(method === 'POST' ? 'credential' : 'general');
    const { client } = limitedClient(1);
    for (let index = 0; index < 30; index++) {
      const answer = await client.get('/api/health/live');
      expect([answer.status, answer.headers.has('RateLimit')]).toEqual([200, false]);
    }
  });

  test('are 60 and 600 in a minute by default', async () => {
    const client = new TestClient({ RATE_LIMIT_PER_MINUTE: undefined });
    const { headers } = await logInFrom(client, {});
    expect(headers.get('RateLimit-Policy')).toBe('"credential";q=60;w=60');
    const logout = await client.post('/api/auth/logout', {});
    expect(logout.headers.get('RateLimit-Policy')).toBe('"general";q=600;w=60');
    const keys = await client.get('/.well-known/jwks.json');
    expect([keys.status, keys.headers.get('RateLimit')]).toEqual([200, null]);
  });

  test('are shared by the routes of a class, and by no other class', async () => {
    const { client } = limitedClient(2);
    await client.post('/api/auth/register', {});
    await logInFrom(client, {});
    expectProblem(await client.post('/api/auth/register', {}), 429, 'rate_limited');
    expect((await client.get('/api/auth/me')).status).toBe(401);
    for (let index = 0; index < 19; index++) await client.call('HEAD', '/.well-known/jwks.json');
    expectProblem(await client.get('/api/auth/me'), 429, 'rate_limited');
  });

  test('come before the credential and the body, and a page may read them', async () => {
    const { client } = limitedClient(1);
    const headers = { ...from('203.0.113.7'), Origin: 'https://app.test' };
    await logInFrom(client, headers);
    const refused = await client.post('/api/auth/login', { email: account.email, password }, { headers });
    expectProblem(refused, 429, 'rate_limited');
    expect(refused.headers.get('Access-Control-Allow-Origin')).toBe('https://app.test');
    expect(refused.headers.get('Access-Control-Expose-Headers')).toContain('RateLimit-Policy');
    expect(refused.hashes).toBe(0);
  });

  test('of what no route answers are none: 404, 405 and preflights (LIM-07)', async () => {
    const { client } = limitedClient(1);
    const preflight = { Origin: 'https://app.test', 'Access-Control-Request-Method': 'POST' };
    for (let index = 0; index < 15; index++) {
      expectProblem(await client.get('/api/unknown'), 404, 'not_found');
      expectProblem(await client.get('/api/auth/login'), 405, 'method_not_allowed');
      expect((await client.call('OPTIONS', '/api/auth/login', { headers: preflight })).status).toBe(204);
    }
    expect((await logInFrom(client, {})).status).toBe(400);
  });
});

describe('a burst', () => {
  test('on an isolate that has just started passes no more than the quota', async () => {
    const { client } = limitedClient(2);
    const answers = await Promise.all(Array.from({ length: 20 }, () => logInFrom(client, {})));
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(18);
  });
});

describe('a client', () => {
  const claims = [
    'X-Forwarded-For',
    'X-Real-IP',
    'True-Client-IP',
    'Forwarded',
    'X-Client-IP',
    'CF-Connecting-IPv6',
  ];

  test.each(claims)('gains nothing by a changing %s (LIM-04)', async (header) => {
    for (const known of [from('203.0.113.7'), {}]) {
      const { client } = limitedClient(3);
      const statuses = [];
      for (let index = 0; index < 6; index++) {
        const value = header === 'Forwarded' ? `for=198.51.100.${index}` : `198.51.100.${index}`;
        statuses.push((await logInFrom(client, { ...known, [header]: value })).status);
      }
      expect(statuses).toEqual([400, 400, 400, 429, 429, 429]);
    }
  });

  test.each<[what: string, addresses: readonly string[]]>([
    ['50 addresses of one /64', Array.from({ length: 50 }, (_, n) => `2001:db8:1:2:${n.toString(16)}::${n}`)],
    [
      'spellings of an IPv6 address',
      ['2001:db8::1', '2001:DB8::1', '2001:0db8:0:0:0:0:0:1', '2001:db8::0.0.0.1'],
    ],
    ['spellings of an IPv4 address', ['1.2.3.4', '::ffff:1.2.3.4', '::ffff:102:304', '::FFFF:102:304']],
    ['garbage', ['unknown', '1'.repeat(5120), '1.2.3.4, 5.6.7.8', 'x', '[::1]', "' OR 1=1"]],
  ])('has one budget: %s (LIM-05, LIM-06)', async (_what, addresses) => {
    const { client } = limitedClient(3);
    const statuses = [];
    for (const ip of addresses) statuses.push((await logInFrom(client, from(ip))).status);
    expect(statuses.slice(0, 4)).toEqual([400, 400, 400, 429]);
    expect(new Set(statuses.slice(3))).toEqual(new Set([429]));
  });

  test('of IPv6 shares ten budgets with the other networks of its /48, and none with the next (LIM-15)', async () => {
    const { client } = limitedClient(1);
    const statuses = [];
    for (let n = 1; n <= 20; n++)
      statuses.push((await logInFrom(client, from(`2001:db8:1:${n.toString(16)}::1`))).status);
    expect(statuses).toEqual([...Array(10).fill(400), ...Array(10).fill(429)]);
    expect((await logInFrom(client, from('2001:db8:2:1::1'))).status).toBe(400);
    expect((await client.get('/api/auth/me', { headers: from('2001:db8:1:1::1') })).status).toBe(401);
  });

  test('without an address shares its budget with all that have none, and with nobody else (LIM-06)', async () => {
    const { client } = limitedClient(2);
    expect((await logInFrom(client, {})).status).toBe(400);
    expect((await logInFrom(client, from('unknown'))).status).toBe(400);
    expect((await logInFrom(client, from('garbage'))).status).toBe(429);
    expect((await logInFrom(client, {})).status).toBe(429);
    expect((await logInFrom(client, from('203.0.113.7'))).status).toBe(400);
  });

  test('gains nothing by another spelling of the path: it is the same budget or a 404 (LIM-07, T35)', async () => {
    const { client } = limitedClient(1);
    await logInFrom(client, {});
    const same = [
      '/api/auth/%6cogin',
      '/api/auth/./login',
      '/api/auth/x/../login',
      '/api/auth/login?x',
      '/api/auth/login#x',
    ];
    for (const path of same) expectProblem(await client.post(path, {}), 429, 'rate_limited', path);
    const other = [
      '/api/auth//login',
      '/api/auth/login/',
      '/api/auth/login;x',
      '/API/AUTH/LOGIN',
      '/api/auth%2flogin',
    ];
    for (const path of other) expectProblem(await client.post(path, {}), 404, 'not_found', path);
  });
});

describe('with a KV that fails', () => {
  test.each<KvFault>(['throw', 'hang', '429', 'stale'])(
    '%s, login, refresh, /me and logout are right, and the limit holds (LIM-09, DBF-12)',
    async (fault) => {
      recordLog();
      const { client } = limitedClient(40, new FakeKv(fault));
      const signedIn = await client.post('/api/auth/login', { email: account.email, password });
      expect(signedIn.status).toBe(200);
      const { refreshToken } = signedIn.json;
      const refreshed = await client.post('/api/auth/refresh', { refreshToken });
      expect(refreshed.status).toBe(200);
      const me = () => client.get('/api/auth/me', { bearer: refreshed.json.accessToken });
      expect((await me()).json.user.email).toBe(account.email);
      expect(
        (await client.post('/api/auth/logout', { refreshToken: refreshed.json.refreshToken })).status,
      ).toBe(200);
      expect((await me()).status).toBe(401);
      const wrong = { email: account.email, password: 'wrong' };
      expectProblem(await client.post('/api/auth/login', wrong), 401, 'invalid_credentials');
      const statuses = [];
      for (let index = 0; index < 40; index++) statuses.push((await logInFrom(client, {})).status);
      expect(statuses.filter((status) => status === 400)).toHaveLength(38);
      expect(statuses.at(-1)).toBe(429);
    },
  );

  test('and a database that is down, login and /me are 503 (LIM-09)', async () => {
    recordLog();
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const { client } = limitedClient(40, new FakeKv('throw'), { DATABASE_HTTP_ENDPOINT: endpoint });
    for (const key of ['POST /api/auth/login', 'GET /api/auth/me'])
      expectProblem(await client.call(...exampleCall(key, account)), 503, 'service_unavailable');
  });
});

describe('two isolates that share a KV', () => {
  test('refuse what one of them has refused', async () => {
    const kv = new FakeKv();
    const [first, other] = [limitedClient(2, kv).client, limitedClient(2, kv).client];
    for (let index = 0; index < 3; index++) await logInFrom(first, from('203.0.113.7'));
    expectProblem(await logInFrom(other, from('203.0.113.7')), 429, 'rate_limited');
    expect((await logInFrom(other, from('203.0.113.8'))).status).toBe(400);
  });

  test('ask the gate of the platform first, where one is bound', async () => {
    const closed = { limit: async () => ({ success: false }) };
    const client = new TestClient({}, { bindings: { RATE_LIMITER: closed } });
    expectProblem(await logInFrom(client, {}), 429, 'rate_limited');
    expect((await client.get('/.well-known/jwks.json')).status).toBe(200);
  });
});

import { describe, expect, test } from 'vitest';
import { type Answer, TestClient } from '../support/client.ts';
import { type FaultPlan, faultyEndpoint } from '../support/database.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { json, rawExample } from './raw-example.ts';
import { recordLog } from './recorded-log.ts';
import { isTriedInFull } from './route-choice.ts';
import {
  bodyRoutes,
  databaseProblemRoutes,
  exampleCall,
  exampleOf,
  registeredRoutes,
  unsafeRoutes,
} from './route-table.ts';

const client = new TestClient();
const account = await insertAccount(client);

/** The directives of a policy by name. */
function directives(policy: string | null): Map<string, string> {
  const parts = (policy ?? '').split(';').map((part) => part.trim().split(' '));
  return new Map(parts.map(([name = '', ...values]) => [name, values.join(' ')]));
}

/** What every answer must say, whatever it is about. */
function expectHeaders(path: string, status: number, { status: actual, headers, text }: Answer): void {
  expect(actual, text).toBe(status);
  expect(headers.get('X-Request-Id')).toMatch(
    /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
  );
  expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  const [, seconds] =
    /^max-age=(\d+); includeSubDomains$/.exec(headers.get('Strict-Transport-Security') ?? '') ?? [];
  expect(Number(seconds)).toBeGreaterThanOrEqual(31_536_000);
  expect(headers.get('Referrer-Policy')).toBe('no-referrer');
  const policy = directives(headers.get('Content-Security-Policy'));
  expect(policy.get('default-src')).toBe("'none'");
  expect(policy.get('frame-ancestors')).toBe("'none'");
  expect(policy.get('base-uri')).toBe("'none'");
  expect(policy.get('form-action')).toBe("'none'");
  expect(headers.get('Vary')).toBe('Origin');
  if (path.startsWith('/api')) expect(headers.get('Cache-Control')).toBe('no-store');
  for (const name of ['Server', 'X-Powered-By', 'Via', 'X-AspNet-Version'])
    expect(headers.has(name), name).toBe(false);
  if (text === '') return;
  const isHealth = path === '/api/health' && status === 503;
  const type = status < 400 || isHealth ? 'application/json' : 'application/problem+json';
  expect(headers.get('Content-Type')).toBe(type);
}

/** HEAD answers as GET does, but where the GET ends a visit. */
function headStatus(key: string): number {
  return key === 'GET /api/auth/oauth/:provider/callback' ? 405 : exampleOf(key).status;
}

describe('the headers of an answer (HDR-01, HDR-02, HDR-03, HDR-06)', () => {
  test.each(registeredRoutes)('of a success, by cookie: %s', async (key) => {
    recordLog();
    const fresh = await insertAccountFor(client, key);
    const [method, path, options] = exampleCall(key, fresh, 'cookie');
    expectHeaders(path, exampleOf(key).status, await client.call(method, path, options));
    if (method === 'GET') expectHeaders(path, headStatus(key), await client.call('HEAD', path, options));
  });

  test('say that the public keys alone may be kept for a while (HDR-01)', async () => {
    // Of all others a success is kept nowhere, as it is tried above.
    expect(registeredRoutes.filter((key) => !key.includes(' /api/'))).toEqual(['GET /.well-known/jwks.json']);
    const { headers } = await client.get('/.well-known/jwks.json');
    expect(headers.get('Cache-Control')).toBe('public, max-age=600');
  });

  test.each(registeredRoutes.filter((key) => exampleOf(key).credential === 'access-token'))(
    'of 401, with the scheme that would be accepted: %s',
    async (key) => {
      const [method, path, { body }] = exampleCall(key, account);
      const answer = await client.call(method, path, { body });
      expectHeaders(path, 401, answer);
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    },
  );

  test.each(unsafeRoutes.filter((key) => key !== 'POST /api/auth/oauth/:provider/callback'))(
    'of 403: %s',
    async (key) => {
      const [method, path, options] = exampleCall(key, account, 'cookie', { Origin: 'https://evil.example' });
      expectHeaders(path, 403, await client.call(method, path, options));
    },
  );

  test.each(registeredRoutes)('of 404, 405 and 414: %s', async (key) => {
    const path = exampleCall(key, account)[1].split('?')[0] ?? '';
    // Two segments, for one could be a parameter.
    expectHeaders(path, 404, await client.get(`${path}/x/y.css`));
    expectHeaders(path, 405, await client.call('PURGE', path));
    expectHeaders(path, 414, await client.get(`${path}?${'x'.repeat(16_384)}`));
  });

  test.each(bodyRoutes)('of 400, 413 and 415: %s', async (key) => {
    const [, path] = exampleCall(key, account);
    expectHeaders(path, 400, await client.send(rawExample(key, account, '{')));
    expectHeaders(path, 413, await client.send(rawExample(key, account, 'x'.repeat(20_000))));
    expectHeaders(
      path,
      415,
      await client.send(rawExample(key, account, '{}', { ...json, 'Content-Encoding': 'gzip' })),
    );
  });

  test.each<[status: number, plan: FaultPlan]>([
    [500, { always: { sqlstate: '22P02' } }],
    [503, { always: 'refuse' }],
  ])('of %i, on every route that asks the database', async (status, plan) => {
    const { endpoint } = await faultyEndpoint(plan);
    const broken = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    recordLog();
    // At once, since a lost statement is tried again after a pause.
    await Promise.all(
      databaseProblemRoutes.map(async (key) => {
        const [method, path, options] = exampleCall(key, account);
        const answer = await broken.call(method, path, options);
        expectHeaders(path, status, answer);
        if (status === 503) expect(answer.headers.get('Retry-After'), key).toBe('2');
      }),
    );
    expectHeaders('/api/health', 503, await broken.get('/api/health'));
  });

  test('of 503 for a configuration that cannot be used', async () => {
    recordLog();
    const misconfigured = new TestClient({ AUTH_SECRET: 'short' });
    for (const key of registeredRoutes) {
      const [method, path, options] = exampleCall(key, account);
      const status = key === 'GET /api/health/live' ? 200 : 503;
      const answer = await misconfigured.call(method, path, options);
      // Health included: without a configuration there is no database to speak of.
      const type = status === 200 ? 'application/json' : 'application/problem+json';
      expect(answer.headers.get('Content-Type')).toBe(type);
      expectHeaders(path, status, { ...answer, text: '' });
    }
  });

  test('of a preflight', async () => {
    const headers = { Origin: 'https://app.test', 'Access-Control-Request-Method': 'POST' };
    expectHeaders('/api/auth/login', 204, await client.call('OPTIONS', '/api/auth/login', { headers }));
  });

  test('never repeat a request id that the client sent', async () => {
    const headers = { 'X-Request-Id': '00000000-0000-4000-8000-000000000000' };
    const [first, second] = [await client.get('/x', { headers }), await client.get('/x', { headers })];
    const ids = [first, second].map((answer) => answer.headers.get('X-Request-Id'));
    expect(new Set([...ids, headers['X-Request-Id']]).size).toBe(3);
  });

  test('tell round trips, and durations in development alone', async () => {
    const production = new TestClient({ ENVIRONMENT: 'production' });
    await Promise.all(
      registeredRoutes.filter(isTriedInFull).map(async (key) => {
        const answer = await production.call(...exampleCall(key, await insertAccountFor(client, key)));
        expect(answer.headers.get('Server-Timing'), key).toBe(`db;desc="${answer.roundTrips}"`);
      }),
    );
    const timing = (await client.get('/api/auth/me', { bearer: account.accessToken })).headers.get(
      'Server-Timing',
    );
    expect(timing).toMatch(/^db;desc="1";dur=\d+\.\d, hash;desc="0";dur=0\.0$/);
  });
});

import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem } from '../../contract/expect-problem.ts';
import { insertAccount } from '../../contract/insert-account.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import type { Account } from '../../contract/route-table.ts';
import { type CallOptions, TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { demoClient, demoLogin, type Visit, visitDemo } from './demo-visit.ts';

let visit: Visit;
let account: Account;

beforeAll(async () => {
  visit = await visitDemo(demoClient());
  account = await insertAccount(new TestClient());
});

describe('an outage', () => {
  const login = (email: string, password: string): CallOptions & { body: object } => ({
    body: { email, password },
  });

  test('does not stop the demo: login, me, refresh, logout and its refusals (DEM-02)', async () => {
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const here = demoClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    const fresh = await visitDemo(here);
    for (const { cookies, accessToken, bodyToken } of [fresh, visit]) {
      expect((await here.get('/api/auth/me', { bearer: accessToken })).status).toBe(200);
      expect((await here.get('/api/auth/me', { cookies })).status).toBe(200);
      expect((await here.post('/api/auth/refresh', { refreshToken: bodyToken })).status).toBe(200);
      expect((await here.post('/api/auth/refresh', undefined, { cookies })).status).toBe(200);
      expect((await here.post('/api/auth/logout', undefined, { cookies })).status).toBe(200);
    }
    const wrong = await here.call('POST', '/api/auth/login', login('demo@nexora.ai', 'wrong'));
    expectProblem(wrong, 401, 'invalid_credentials');
  });

  test('makes nobody else the demo: every other credential is 503 (DEM-02, DBF-01)', async () => {
    recordLog();
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const here = demoClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    const { email, accessToken, refreshToken, cookies } = account;
    const calls: [string, string, CallOptions][] = [
      ['POST', '/api/auth/login', login(email, 'correct horse battery staple')],
      ['POST', '/api/auth/login', login(email, 'password123')],
      ['POST', '/api/auth/login', login('nobody@example.com', 'password123')],
      ['POST', '/api/auth/login', login('demo@nexora.example', 'password123')],
      ['POST', '/api/auth/login', login('demo+1@nexora.ai', 'password123')],
      ['POST', '/api/auth/login', login('xdemo@nexora.ai', 'password123')],
      ['GET', '/api/auth/me', { bearer: accessToken }],
      ['GET', '/api/auth/me', { cookies }],
      ['POST', '/api/auth/refresh', { body: { refreshToken } }],
      ['POST', '/api/auth/refresh', { cookies }],
      ['POST', '/api/auth/refresh', { body: { refreshToken: 'token-of-the-earlier-system' } }],
      ['POST', '/api/auth/logout', { bearer: accessToken }],
      ['POST', '/api/auth/logout', { cookies }],
    ];
    for (const call of calls) {
      const answer = await here.call(...call);
      expectProblem(answer, 503, 'service_unavailable', JSON.stringify(call));
      expect(answer.setCookies).toEqual([]);
    }
  });

  test.each(['false', undefined])(
    'with DEMO_MODE %s is 503 for the demo as well (DEM-02)',
    async (DEMO_MODE) => {
      recordLog();
      const { endpoint } = await faultyEndpoint({ always: 'refuse' });
      const here = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint, DEMO_MODE });
      expectProblem(await demoLogin(here), 503, 'service_unavailable');
      const refreshToken = visit.bodyToken;
      expectProblem(await here.post('/api/auth/refresh', { refreshToken }), 503, 'service_unavailable');
    },
  );
});

describe('with DEMO_MODE on in production', () => {
  test.each(['production', undefined])(
    '(ENVIRONMENT %s) the service is misconfigured (DEM-01)',
    async (ENVIRONMENT) => {
      const lines = recordLog();
      const production = demoClient({ ENVIRONMENT });
      expectProblem(await demoLogin(production), 503, 'misconfigured');
      expectProblem(
        await production.get('/api/auth/me', { bearer: visit.accessToken }),
        503,
        'misconfigured',
      );
      const refused = lines.map((line) => JSON.parse(line).cause.variables);
      expect(refused).toEqual([['DEMO_MODE'], ['DEMO_MODE']]);
    },
  );
});

describe('with DEMO_MODE off', () => {
  const ordinary = new TestClient();

  test('the demo is unknown: its login is that of any unknown address (DEM-01)', async () => {
    const answer = await demoLogin(ordinary);
    expectProblem(answer, 401, 'invalid_credentials');
    expect(answer).toMatchObject({ roundTrips: 2, hashes: 1 });
  });

  test('its tokens open nothing, on no route (DEM-02, JWT-06)', async () => {
    for (const options of [{ bearer: visit.accessToken }, { cookies: visit.cookies }]) {
      expectProblem(await ordinary.get('/api/auth/me', options), 401, 'unauthenticated');
      const change = await ordinary.call('PATCH', '/api/auth/me', { ...options, body: { name: 'x' } });
      expectProblem(change, 401, 'unauthenticated');
    }
    const { bodyToken, cookies } = visit;
    expectProblem(
      await ordinary.post('/api/auth/refresh', { refreshToken: bodyToken }),
      401,
      'session_expired',
    );
    expectProblem(await ordinary.post('/api/auth/refresh', undefined, { cookies }), 401, 'session_expired');
  });
});

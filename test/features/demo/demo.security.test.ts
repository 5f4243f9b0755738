import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import type { Route } from '../../../src/http/route.ts';
import { databaseState } from '../../contract/database-state.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { insertAccount } from '../../contract/insert-account.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { isFull } from '../../contract/route-choice.ts';
import {
  type Account,
  exampleCall,
  exampleOf,
  registeredRoutes,
  unsafeRoutes,
} from '../../contract/route-table.ts';
import { registerUser } from '../../support/accounts.ts';
import { type Answer, toRequest } from '../../support/client.ts';
import { databaseUrl, faultyEndpoint, query } from '../../support/database.ts';
import { randomSecret } from '../../support/test-env.ts';
import { demoClient, demoCredentials, demoLogin, type Visit, visitDemo } from './demo-visit.ts';

const client = demoClient();
let visit: Visit;
/** The demo beside what is somebody's, for requests that are refused. */
let account: Account;

beforeAll(async () => {
  visit = await visitDemo(client);
  account = await asAccount(visit);
});

/**
 * The visit in the shape that examples of routes are called with. The demo has no links, no second factor and no challenge
 * of its own: these are somebody's.
 */
async function asAccount({ accessToken, bodyToken, cookies }: Visit): Promise<Account> {
  const somebody = await insertAccount(client);
  const demo = {
    ...{ email: 'demo@nexora.ai', userId: 'demo-user-id' },
    ...{ accessToken, refreshToken: bodyToken, cookies },
  };
  const { twoFactor, social } = somebody;
  const withChallenge = { ...twoFactor, ...demo, cookies: { ...twoFactor.cookies, ...cookies } };
  return {
    ...somebody,
    ...demo,
    twoFactor: withChallenge,
    passwordless: demo,
    social: { ...social, ...demo },
  };
}

const guards = Object.fromEntries(
  createApp().serves.map(({ method, path, guard }) => [`${method} ${path}`, guard]),
);

/** Whether a route asks for nothing that the demo could have: no credential, or a challenge or a visit, which is somebody's. */
function isForAnybody(key: string): boolean {
  return (
    ['anyone', 'identity-provider'].includes(guards[key] ?? '') ||
    exampleOf(key).credential === 'challenge-token'
  );
}

/** All that is open to the demo user; everything else that asks who is calling must refuse them. */
const openToDemo = [
  'POST /api/auth/refresh',
  'POST /api/auth/logout',
  'GET /api/auth/me',
  'GET /api/auth/sessions',
];

describe('every route, called by the demo user', () => {
  test.each(registeredRoutes)(
    '%s is for nobody in particular, known to the demo, or demo_readonly (DEM-03)',
    async (key) => {
      const isOpen = isForAnybody(key) || openToDemo.includes(key);
      for (const by of ['bearer', 'cookie'] as const) {
        if (key === 'POST /api/auth/login') continue; // its example says another password
        const [method, path, { bearer: _, ...options }] = exampleCall(
          key,
          isOpen ? await asAccount(visit) : account,
          by,
        );
        // In place of a secret, too.
        const bearer = by === 'bearer' && !isForAnybody(key) && { bearer: visit.accessToken };
        const answer = await client.call(method, path, { ...options, ...bearer });
        if (isOpen) expect(answer.status, `${by} ${answer.text}`).toBe(exampleOf(key).status);
        else expectProblem(answer, 403, 'demo_readonly', `${key} ${by}`);
        if (!isForAnybody(key)) expect(answer.roundTrips, key).toBe(0);
      }
    },
  );

  test('is refused before its body is read, and only by its own rules about pages (CSR-01)', async () => {
    const path = '/api/auth/me';
    const foreign = { Origin: 'https://evil.example' };
    const byBearer = await client.call('PATCH', path, { bearer: visit.accessToken, headers: foreign });
    expectProblem(byBearer, 403, 'demo_readonly');
    const byCookie = await client.call('PATCH', path, { cookies: visit.cookies, headers: foreign });
    expectProblem(byCookie, 403, 'csrf_rejected');
    const { cookies } = visit;
    const silent = await client.send(
      withoutOrigin(toRequest('PATCH', path, { cookies, body: { name: 'x' } })),
    );
    expectProblem(silent, 403, 'csrf_rejected');
  });

  function withoutOrigin(request: Request): Request {
    request.headers.delete('Origin');
    return request;
  }

  test.each(unsafeRoutes.filter((key) => !['session', 'identity-provider'].includes(guards[key] ?? '')))(
    '%s refuses foreign pages as it does for everybody, and clears nothing (CSR-01, CSR-06)',
    async (key) => {
      const body = key === 'POST /api/auth/login' ? demoCredentials : exampleCall(key, account)[2].body;
      for (const headers of [
        { Origin: 'https://evil.example' },
        { Origin: 'null' },
        { 'Sec-Fetch-Site': 'cross-site' },
        { 'Sec-Fetch-Site': 'same-site' },
      ]) {
        const answer = await client.call('POST', key.replace('POST ', ''), { body, headers });
        expectProblem(answer, 403, 'csrf_rejected', JSON.stringify(headers));
        expect(answer.setCookies).toEqual([]);
      }
    },
  );

  test.each(['refresh', 'logout'])('%s acts on no cookie that nobody vouches for (CSR-05)', async (name) => {
    const request = toRequest('POST', `/api/auth/${name}`, { cookies: visit.cookies });
    expectProblem(await client.send(withoutOrigin(request)), 403, 'csrf_rejected');
  });
});

/** Calls a route that the service does not have, where there is a demo user. */
function callPlanted(method: string, guard: string, accessToken: string): Promise<Answer> {
  const planted = {
    method,
    path: '/api/auth/planted',
    guard,
    limit: null,
    medium: 'api',
    isSensitive: false,
    loadBodySchema: null,
    handle: async () => Response.json({ isReached: true }),
  };
  const served = demoClient({}, { features: [{ routes: [planted as Route] }] });
  return served.call(method, planted.path, { bearer: accessToken });
}

describe.each(['GET', 'POST', 'PATCH', 'DELETE'])('a route that is added later, by %s', (method) => {
  test.each(['session', 'a kind of guard that is new'])(
    'for %s is closed to the demo and open to everybody else (DEM-03)',
    async (guard) => {
      const refused = await callPlanted(method, guard, visit.accessToken);
      expectProblem(refused, 403, 'demo_readonly');
      const { json } = await registerUser(client);
      expect((await callPlanted(method, guard, json.accessToken)).json).toEqual({ isReached: true });
    },
  );
});

describe('a visit of the demo', () => {
  test('leaves nothing in the database and nothing in the log (DEM-05)', async () => {
    const here = demoClient();
    const lines = recordLog();
    const before = await databaseState(databaseUrl());
    const headers = { 'CF-Connecting-IP': '203.0.113.7', 'User-Agent': 'Mozilla/5.0 Firefox/140.0' };
    const { json } = await demoLogin(here, { headers });
    await here.post('/api/auth/login', { ...demoCredentials, password: 'wrong' }, { headers });
    await here.get('/api/auth/me', { headers, bearer: json.accessToken });
    await here.post('/api/auth/refresh', { refreshToken: json.refreshToken }, { headers });
    await here.call('PATCH', '/api/auth/me', { headers, bearer: json.accessToken, body: { name: 'x' } });
    await here.post('/api/auth/logout', { refreshToken: json.refreshToken }, { headers });
    expect(await databaseState(databaseUrl())).toBe(before);
    expect(lines).toEqual([]);
  });

  test('does not see, end or disturb another one (DEM-05)', async () => {
    const other = await visitDemo(client);
    const [mine, theirs] = [visit, other].map(({ accessToken }) => decodeJwt(accessToken).sid);
    expect(mine).not.toBe(theirs);
    const me = await client.get('/api/auth/me', { bearer: visit.accessToken });
    expect(me.json.session.id).toBe(mine);
    expect(me.text).not.toContain(theirs);
    await client.post('/api/auth/logout', { refreshToken: other.bodyToken });
    expect((await client.get('/api/auth/me', { bearer: visit.accessToken })).status).toBe(200);
    expect((await client.post('/api/auth/refresh', { refreshToken: visit.bodyToken })).status).toBe(200);
  });

  test('is not the account that a migrated database has for the address, which does not change (DEM-04)', async () => {
    const insert = sql`INSERT INTO users (email, name, password_hash) VALUES ('demo@nexora.ai', 'Earlier Demo', 'x')`;
    await query(insert);
    const before = await databaseState(databaseUrl());
    const { json } = await demoLogin(demoClient());
    expect(json.user).toMatchObject({ id: 'demo-user-id', name: 'Demo User' });
    expect(await databaseState(databaseUrl())).toBe(before);
  });

  test('is not locked by wrong passwords, however many, and none of them is hashed (DEM-07)', async () => {
    const { endpoint, seen } = await faultyEndpoint();
    const here = demoClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    const wrong = await Promise.all(
      Array.from({ length: isFull ? 200 : 30 }, () =>
        here.post('/api/auth/login', { ...demoCredentials, password: 'wrong' }),
      ),
    );
    for (const answer of wrong) expect(answer).toMatchObject({ status: 401, hashes: 0 });
    const right = await Promise.all(Array.from({ length: 30 }, () => demoLogin(here)));
    for (const answer of right) expect(answer).toMatchObject({ status: 200, hashes: 0 });
    expect(await seen()).toEqual([]);
  });
});

describe('a refresh token of the demo', () => {
  /** Every text that differs from the token in one place, plus what is left when parts are cut. */
  function forgeries(token: string): string[] {
    const [content = '', tag = ''] = token.slice('nxdemo_'.length).split('.');
    const encode = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, '');
    const read = JSON.parse(atob(content));
    const rewritten = [
      { ...read, authTime: read.authTime + 7200 },
      { ...read, sid: crypto.randomUUID() },
      { ...read, transport: 'cookie' },
      {},
      null,
    ];
    return [
      ...rewritten.map((value) => `nxdemo_${encode(value)}.${tag}`),
      `nxdemo_${content}`,
      `nxdemo_${content}.`,
      `nxdemo_.${tag}`,
      'nxdemo_',
      'nxdemo_.',
      `nxdemo_${content}.${tag.slice(0, -4)}`,
      `nxdemo_${content}.${tag}.${tag}`,
      `nxdemo_${content}.${tag}=`,
      `nxdemo_${content}.${'A'.repeat(43)}`,
      `nxdemo_${content}..${tag}`,
    ];
  }

  test('that was changed, cut or put together is session_expired without a round trip', async () => {
    for (const refreshToken of forgeries(visit.bodyToken)) {
      const answer = await client.post('/api/auth/refresh', { refreshToken });
      expectProblem(answer, 401, 'session_expired', refreshToken);
      expect(answer.roundTrips).toBe(0);
    }
  });

  test('is of no use to another deployment, and neither is an access token', async () => {
    const elsewhere = await visitDemo(
      demoClient({ AUTH_SECRET: randomSecret(), BASE_URL: 'https://other.test' }),
    );
    const refreshed = await client.post('/api/auth/refresh', { refreshToken: elsewhere.bodyToken });
    expectProblem(refreshed, 401, 'session_expired');
    expectProblem(
      await client.get('/api/auth/me', { bearer: elsewhere.accessToken }),
      401,
      'unauthenticated',
    );
  });

  test('outlives the rotation of the secret while the previous one verifies', async () => {
    const rotated = demoClient({
      AUTH_SECRET: randomSecret(),
      AUTH_SECRET_PREVIOUS: client.env.AUTH_SECRET as string,
    });
    expect((await rotated.post('/api/auth/refresh', { refreshToken: visit.bodyToken })).status).toBe(200);
  });

  test('is no access token, and an access token is no refresh token (JWT-06)', async () => {
    expectProblem(await client.get('/api/auth/me', { bearer: visit.bodyToken }), 401, 'unauthenticated');
    const refreshToken = visit.accessToken;
    expectProblem(await client.post('/api/auth/refresh', { refreshToken }), 401, 'session_expired');
  });
});

import { createExecutionContext } from 'cloudflare:test';
import { beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../src/config/variable-reader.ts';
import { loadRuntime } from '../src/runtime.ts';
import { expectProblem } from './contract/expect-problem.ts';
import { insertAccount } from './contract/insert-account.ts';
import { recordLog } from './contract/recorded-log.ts';
import { isFull, modelRoutes } from './contract/route-choice.ts';
import {
  type Account,
  databaseProblemRoutes,
  exampleCall,
  registeredRoutes,
} from './contract/route-table.ts';
import { TestClient, toRequest } from './support/client.ts';
import { faultyEndpoint } from './support/database.ts';
import { generateSigningJwk, testEnv } from './support/test-env.ts';

/** Values that must never be seen. Every variable is tried on one route by test/contract/wrong-variables.test.ts. */
const misconfigurations: [name: string, value: string | undefined][] = [
  ['DATABASE_URL', 'postgresql://canary-user:canary-password@/'],
  ['SIGNING_KEYS', '[{"kid":"canary","alg":"HS256","kty":"oct","k":"Y2FuYXJ5"}]'],
  ['AUTH_SECRET', 'canary-secret'],
  ['BASE_URL', undefined],
];

/** Of whom nothing here is ever consumed or changed. */
let account: Account;

beforeAll(async () => {
  account = await insertAccount(new TestClient());
});

describe('a service with a wrong variable', () => {
  test.each(misconfigurations)(
    '%s = %s answers 503 on every route but liveness, and names it to the log alone (SUP-01, JWT-08)',
    async (name, value) => {
      const lines = recordLog();
      const client = new TestClient({ [name]: value });
      // One variable closes every route; what another closes, it closes by the same refusal.
      const routes =
        isFull || name === 'DATABASE_URL' ? registeredRoutes : ['GET /api/health/live', ...modelRoutes];
      for (const key of routes) {
        const answer = await client.call(...exampleCall(key, account));
        if (key === 'GET /api/health/live') {
          expect([answer.status, answer.json]).toEqual([200, { status: 'alive' }]);
          continue;
        }
        expectProblem(answer, 503, 'misconfigured', key);
        expect(answer.text).not.toContain(name);
        expect(answer.setCookies).toEqual([]);
      }
      expect(lines).toHaveLength(routes.length - 1);
      for (const line of lines) {
        expect(JSON.parse(line)).toMatchObject({
          level: 'error',
          event: 'misconfigured',
          cause: { variables: [name] },
        });
        expect(line).not.toContain('canary');
      }
    },
  );

  test('names every wrong variable in one line (SUP-01)', async () => {
    const lines = recordLog();
    await new TestClient({ AUTH_SECRET: 'x', BASE_URL: 'x', REFRESH_GRACE_SECONDS: 'x' }).get('/api/auth/me');
    expect(JSON.parse(lines[0] ?? '').cause.variables.toSorted()).toEqual([
      'AUTH_SECRET',
      'BASE_URL',
      'REFRESH_GRACE_SECONDS',
    ]);
  });

  test('reads no cookie, trusts no origin and still answers 404 and 405 (SUP-01)', async () => {
    const client = new TestClient({ AUTH_SECRET: 'x' });
    expectProblem(await client.get('/api/unknown'), 404, 'not_found');
    expectProblem(await client.get('/api/auth/login'), 405, 'method_not_allowed');
    const live = await client.get('/api/health/live', { headers: { Origin: 'https://app.test' } });
    expect(live.headers.has('Access-Control-Allow-Origin')).toBe(false);
  });

  test('refuses signing keys whose halves do not belong together (JWT-08)', async () => {
    const [one, other] = [await generateSigningJwk('a'), await generateSigningJwk('b')];
    const mixed = { ...one, x: other.x, y: other.y };
    const runtime = await loadRuntime(testEnv({ SIGNING_KEYS: JSON.stringify([mixed]) }));
    expect(runtime).toBeInstanceOf(ConfigError);
    expect((runtime as ConfigError).variables).toEqual(['SIGNING_KEYS']);
  });
});

describe('the runtime', () => {
  test('is prepared once for an environment and shared with no other (DBF-17)', async () => {
    const [env, other] = [testEnv(), testEnv({ BASE_URL: 'https://other.test' })];
    expect(await loadRuntime(env)).toBe(await loadRuntime(env));
    const [first, second] = [await loadRuntime(env), await loadRuntime(other)];
    expect(second).not.toBe(first);
    expect([first, second]).toMatchObject([
      { config: { baseUrl: 'https://auth.test' } },
      { config: { baseUrl: 'https://other.test' } },
    ]);
  });

  test('a wrong configuration beside a good one spoils neither (DBF-17)', async () => {
    recordLog();
    const [good, bad] = [new TestClient(), new TestClient({ AUTH_SECRET: 'x' })];
    const me = (client: TestClient) => client.get('/api/auth/me', { bearer: account.accessToken });
    const answers = await Promise.all([bad, good, bad, good].map(me));
    expect(answers.map(({ status }) => status)).toEqual([503, 200, 503, 200]);
  });

  test('an outage during the very first request leaves nothing broken (DBF-17)', async () => {
    recordLog();
    for (const key of databaseProblemRoutes.filter((each) => isFull || modelRoutes.includes(each))) {
      const faulty = await faultyEndpoint(['refuse', 'refuse']);
      const client = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
      expectProblem(await client.call(...exampleCall(key, account)), 503, 'service_unavailable', key);
      const next = await client.get('/api/auth/me', { bearer: account.accessToken });
      expect(next.status, key).toBe(200);
    }
  });

  test('a first request whose caller has gone does not hold up the next ones (DBF-17, T21)', async () => {
    const client = new TestClient();
    const abandoned = new AbortController();
    const request = new Request(toRequest('GET', '/api/auth/me', { bearer: account.accessToken }), {
      signal: abandoned.signal,
    });
    const first = Promise.resolve(client.app.fetch(request, client.env, createExecutionContext()));
    abandoned.abort();
    const next = await client.get('/api/auth/me', { bearer: account.accessToken });
    expect(next.status).toBe(200);
    await first.catch(() => undefined);
  });

  test('many first requests at once are all answered (DBF-17)', async () => {
    const client = new TestClient();
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.get('/.well-known/jwks.json')));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
  });
});

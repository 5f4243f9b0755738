import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshClient } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { type Fault, faultyEndpoint } from '../support/database.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { casesFor, isTriedInFull } from './route-choice.ts';
import { databaseProblemRoutes, exampleCall, exampleOf } from './route-table.ts';

recordLog(afterAll);

let slowRequests: Promise<readonly number[]>;
beforeAll(() => {
  // They take as long as the limit: everything else here is tried meanwhile.
  slowRequests = elapsedOfSlowRequests();
  slowRequests.catch(() => {});
});

/** Milliseconds until each model gives up on a database that is slow and then hangs. */
async function elapsedOfSlowRequests(): Promise<number[]> {
  const account = await insertAccount(new TestClient());
  return Promise.all(
    databaseProblemRoutes.filter(isTriedInFull).map(async (key) => {
      const { roundTrips } = exampleOf(key);
      // The statements before the last one answer late, but in time.
      const plan: Fault[] = [...Array<Fault>(roundTrips - 1).fill({ delayMs: 2000 }), 'hang', 'hang', 'hang'];
      const { endpoint } = await faultyEndpoint(plan);
      const startedAt = Date.now();
      const answer = await new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }).call(
        ...exampleCall(key, account),
      );
      expectProblem(answer, 503, 'service_unavailable', key);
      return Date.now() - startedAt;
    }),
  );
}

const outages: [what: string, fault: Fault][] = [
  ['refuses', 'refuse'],
  ['does not answer', 'hang'],
  ['answers HTTP 500', { status: 500 }],
  ['shuts down', { sqlstate: '57P01' }],
];

// What hangs need not be waited for as long as what works, of which a busy machine may take half a second.
const impatience = { DATABASE_TIMEOUT_MS: '100' };
const online = new TestClient();

/** One client for each outage. */
const offline = new Map<Fault, TestClient>();
for (const [, fault] of outages) {
  const { endpoint } = await faultyEndpoint({ always: fault });
  const variables = { DATABASE_HTTP_ENDPOINT: endpoint, ...(fault === 'hang' && impatience) };
  offline.set(fault, new TestClient(variables));
}

describe.concurrent.each(databaseProblemRoutes)('%s during an outage', (key) => {
  // How a credential came makes no difference to a failure, but only a cookie can be touched by its answer.
  const ways = isTriedInFull(key) ? (['cookie', 'bearer'] as const) : (['cookie'] as const);

  test.each(casesFor(key, outages, ['refuses']))(
    'when the database %s is 503 within 5 s, and the same credentials are good again afterwards (DBF-01, DBF-03)',
    async (_what, fault) => {
      await Promise.all(
        ways.map(async (by) => {
          const [method, path, options] = exampleCall(key, await insertAccountFor(online, key), by);
          // Of a client of its own, or those that cause mails would use up each other's.
          const headers = { ...options.headers, ...freshClient() };
          const call = [method, path, { ...options, headers }] as const;
          const startedAt = Date.now();
          const failed = await offline.get(fault)!.call(...call);
          expectProblem(failed, 503, 'service_unavailable', by);
          expect(Date.now() - startedAt).toBeLessThan(5000);
          const answer = await online.call(...call);
          expect(answer.status, `${by} ${answer.text}`).toBe(exampleOf(key).status);
        }),
      );
    },
  );
});

describe('an outage', () => {
  test('by default ends every request within 8 s, however many statements it has (DBF-02)', async () => {
    expect(Math.max(...(await slowRequests))).toBeLessThan(8500);
  }, 20_000);

  test('leaves nothing behind: after 50 requests that hung the next ones are answered at once (DBF-02)', async () => {
    const account = await insertAccount(new TestClient());
    const faulty = await faultyEndpoint({ always: 'hang' });
    const client = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint, DATABASE_TIMEOUT_MS: '500' });
    const hung = await Promise.all(
      Array.from({ length: 50 }, () => client.get('/api/auth/me', { bearer: account.accessToken })),
    );
    for (const answer of hung) expectProblem(answer, 503, 'service_unavailable');
    await faulty.plan([]);
    const startedAt = Date.now();
    const next = await Promise.all(
      Array.from({ length: 10 }, () => client.get('/api/auth/me', { bearer: account.accessToken })),
    );
    expect(next.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(Date.now() - startedAt).toBeLessThan(2000);
  });

  test('is no reason to believe anybody: wrong credentials are 503 as well (DBF-01)', async () => {
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const client = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    for (const email of ['demo@nexora.ai', 'nobody@example.com']) {
      const answer = await client.post('/api/auth/login', { email, password: 'password123' });
      expectProblem(answer, 503, 'service_unavailable', email);
    }
  });

  test('does not stop what needs no database: forged tokens are 401, liveness and keys 200 (DBF-14)', async () => {
    const faulty = await faultyEndpoint({ always: 'refuse' });
    const client = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
    expectProblem(await client.get('/api/auth/me', { bearer: 'a.b.c' }), 401, 'unauthenticated');
    expectProblem(await client.post('/api/auth/refresh', { refreshToken: 'nxr_x' }), 401, 'session_expired');
    expect((await client.get('/api/health/live')).status).toBe(200);
    expect((await client.get('/.well-known/jwks.json')).status).toBe(200);
    expect(await faulty.seen()).toEqual([]);
  });
});

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { type Fault, faultyEndpoint } from '../../support/database.ts';

/** Stops the clock that the probe reads; the result moves it on. */
function stoppedClock(): (ms: number) => void {
  let now = Date.now();
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => now);
  onTestFinished(() => spy.mockRestore());
  return (ms) => {
    now += ms;
  };
}

async function clientBehind(plan: readonly Fault[] | { always: Fault }, timeoutMs = 2500) {
  const faulty = await faultyEndpoint(plan);
  const overrides = { DATABASE_HTTP_ENDPOINT: faulty.endpoint, DATABASE_TIMEOUT_MS: String(timeoutMs) };
  return { ...faulty, client: new TestClient(overrides) };
}

const latency = expect.stringMatching(/^\d+ms$/);
const healthy = { status: 'healthy', services: { database: { status: 'connected', latency } } };
const unhealthy = { status: 'unhealthy', services: { database: { status: 'disconnected', latency } } };

function expectUnhealthy({ status, json, headers }: Answer): void {
  expect([status, json]).toEqual([503, unhealthy]);
  expect(headers.get('Content-Type')).toBe('application/json');
  const retryAfter = Number(headers.get('Retry-After'));
  expect(retryAfter).toBeGreaterThanOrEqual(1);
  expect(retryAfter).toBeLessThanOrEqual(5);
}

describe('GET /api/health', () => {
  test('says that all is well, in the shape of the legacy system and no word more (DBF-14)', async () => {
    const { client } = await clientBehind([]);
    const { status, json, headers } = await client.get('/api/health');
    expect([status, json]).toEqual([200, healthy]);
    expect(headers.get('Content-Type')).toBe('application/json');
  });

  test.each<[what: string, fault: Fault]>([
    ['refuses', 'refuse'],
    ['does not answer', 'hang'],
    ['answers HTTP 500', { status: 500, body: 'canary at ep-x.neon.tech' }],
    ['answers garbage', 'garbage'],
    ['refuses the statement', { sqlstate: '28P01', message: 'canary' }],
  ])(
    'says the same with other words when the database %s, and logs one line (DBF-14)',
    async (_what, fault) => {
      const lines = recordLog();
      const { client, seen } = await clientBehind({ always: fault }, fault === 'hang' ? 300 : 2500);
      const answer = await client.get('/api/health');
      expectUnhealthy(answer);
      expect(answer.text).not.toMatch(/canary|neon/);
      expect(await seen()).toHaveLength(1);
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        event: 'health_database_disconnected',
        requestId: answer.headers.get('X-Request-Id'),
      });
    },
  );

  test('tells how long the database took', async () => {
    const { client } = await clientBehind([{ delayMs: 120 }], 5000);
    const { json } = await client.get('/api/health');
    const ms = Number.parseInt(json.services.database.latency, 10);
    expect(ms).toBeGreaterThanOrEqual(110);
    expect(ms).toBeLessThan(5000);
  });

  test('tells no version, host, name or secret (DBF-14)', async () => {
    recordLog();
    for (const plan of [[], { always: 'refuse' }] as const) {
      const { client } = await clientBehind(plan);
      const { text, headers } = await client.get('/api/health');
      const all = text + JSON.stringify([...headers]);
      expect(all).not.toMatch(
        /postgres|neon|127\.0\.0\.1|localhost|test:test|\d+\.\d+\.\d+|hono|workerd|node/i,
      );
    }
  });

  test('asks the database at most twice for 100 callers at once (DBF-14, T32)', async () => {
    const { client, seen } = await clientBehind([{ delayMs: 50 }]);
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.get('/api/health')));
    for (const { status, json } of answers) expect([status, json]).toEqual([200, healthy]);
    expect((await seen()).length).toBeLessThanOrEqual(2);
  });

  test('asks no more often when the database is down (DBF-14)', async () => {
    const lines = recordLog();
    const { client, seen } = await clientBehind({ always: 'hang' }, 300);
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.get('/api/health')));
    for (const answer of answers) expectUnhealthy(answer);
    expect((await seen()).length).toBeLessThanOrEqual(2);
    expect(lines.length).toBeLessThanOrEqual(2);
  });

  test('keeps what it found for a second, and notices failure and recovery after it (DBF-14, DBF-17)', async () => {
    recordLog();
    const pass = stoppedClock();
    const { client, plan, seen } = await clientBehind([]);
    const statusNow = async () => (await client.get('/api/health')).status;
    expect(await statusNow()).toBe(200);
    expect(await seen()).toHaveLength(1);
    await plan({ always: 'refuse' });
    pass(900);
    expect(await statusNow()).toBe(200);
    pass(200);
    expect(await statusNow()).toBe(503);
    expect(await seen()).toHaveLength(1);
    await plan([]);
    pass(900);
    expect(await statusNow()).toBe(503);
    pass(200);
    expect(await statusNow()).toBe(200);
    expect(await seen()).toHaveLength(1);
  });

  test('is not held up for good by a probe whose caller has gone (DBF-17)', async () => {
    recordLog();
    const pass = stoppedClock();
    const { client, seen } = await clientBehind(['hang'], 1500);
    // It stays under way, as if its request had been cancelled.
    const abandoned = client.get('/api/health');
    const waiting = client.get('/api/health');
    await vi.waitFor(async () => expect(await seen()).toHaveLength(1));
    pass(3001);
    expect((await waiting).status).toBe(200);
    expect(await seen()).toHaveLength(2);
    await abandoned;
  });

  test('of one database says nothing about another', async () => {
    recordLog();
    const [good, bad] = [await clientBehind([]), await clientBehind({ always: 'refuse' })];
    const answers = await Promise.all([good, bad].map(({ client }) => client.get('/api/health')));
    expect(answers.map(({ status }) => status)).toEqual([200, 503]);
  });
});

describe('GET /api/health/live', () => {
  test.each<[what: string, overrides: Record<string, string | undefined>]>([
    ['the database is down', {}],
    ['the configuration is wrong', { AUTH_SECRET: 'x', DATABASE_URL: undefined, SIGNING_KEYS: 'x' }],
  ])('is 200 and asks nobody, also when %s (DBF-14)', async (_what, overrides) => {
    const faulty = await faultyEndpoint({ always: 'refuse' });
    const client = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint, ...overrides });
    const lines = recordLog();
    const { status, json } = await client.get('/api/health/live');
    expect([status, json]).toEqual([200, { status: 'alive' }]);
    expect(await faulty.seen()).toEqual([]);
    expect(lines).toEqual([]);
  });
});

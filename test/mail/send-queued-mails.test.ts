import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createApp, runScheduled } from '../../src/app.ts';
import { recordLog } from '../contract/recorded-log.ts';
import { TestClient } from '../support/client.ts';
import { faultyEndpoint } from '../support/database.ts';
import { baseUrl } from '../support/test-env.ts';
import { mailProvider } from './mail-provider.ts';
import { queue, rowOf } from './outbox-rows.ts';

afterEach(() => vi.restoreAllMocks());

/** A service all of whose routes say that they have queued a mail. */
function serviceAt(url: string, overrides: Readonly<Record<string, string>> = {}): TestClient {
  for (const route of createApp().serves) {
    const { handle } = route;
    vi.spyOn(route, 'handle').mockImplementation((c) => {
      c.var.deps?.mail.sendSoon();
      return handle(c);
    });
  }
  return quietServiceAt(url, overrides);
}

function quietServiceAt(url: string, overrides: Readonly<Record<string, string>> = {}): TestClient {
  return new TestClient({ MAIL_TRANSPORT: 'http', MAIL_HTTP_URL: url, ...overrides });
}

/** Queues a mail for a request, and sends that under a request id that is known before. */
async function askWithMail(client: TestClient, path: string, origin = baseUrl) {
  const requestId = crypto.randomUUID();
  const id = await queue(client, { operationId: requestId });
  const context = createExecutionContext();
  // The id of the operation as well: these tests take the two to be the same.
  const spy = vi.spyOn(crypto, 'randomUUID').mockReturnValue(requestId);
  const startedAt = Date.now();
  const response = await client.app.fetch(new Request(`${origin}${path}`), client.env, context);
  const text = await response.text();
  const elapsedMs = Date.now() - startedAt;
  spy.mockRestore();
  const { status, headers } = response;
  expect(headers.get('X-Request-Id')).toBe(requestId);
  return { id, status, headers, text, elapsedMs, settled: () => waitOnExecutionContext(context) };
}

describe('a request that has queued a mail', () => {
  test.each([
    ['/api/health/live', 200],
    ['/api/health', 200],
    ['/api/auth/me', 401],
  ])('has it sent once %s is answered with %i', async (path, status) => {
    const provider = await mailProvider();
    const client = serviceAt(provider.url);
    const { id, ...answer } = await askWithMail(client, path);
    expect(answer.status, answer.text).toBe(status);
    await answer.settled();
    expect((await provider.received()).map(({ key }) => key)).toEqual([id]);
    expect(await rowOf(client, id)).toMatchObject({ outcome: 'sent', sealed: null });
  });

  test('is sent with a link to the configured host, whatever host was asked (EML-04)', async () => {
    const provider = await mailProvider();
    const client = serviceAt(provider.url);
    const answer = await askWithMail(client, '/api/health/live', 'https://evil.example');
    await answer.settled();
    const [mail] = await provider.received();
    expect(mail!.body.data.url).toMatch(new RegExp(`^${baseUrl}/auth/verify-email`));
    expect(JSON.stringify(mail)).not.toContain('evil');
  });

  test('is answered in less than 500 ms while the provider hangs, and the mail stays (ENU-05, EML-12)', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => timeout(ms / 5));
    const provider = await mailProvider('hang');
    const client = serviceAt(provider.url);
    const lines = recordLog();
    const { id, ...answer } = await askWithMail(client, '/api/health');
    expect(answer.status).toBe(200);
    expect(answer.elapsedMs).toBeLessThan(500);
    await answer.settled();
    expect(await provider.received()).toHaveLength(1);
    expect(await rowOf(client, id)).toMatchObject({ outcome: null, attempts: 1 });
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['mail_failed']);
  });

  test('counts none of that among its round trips, so that they tell nothing', async () => {
    const provider = await mailProvider();
    const client = serviceAt(provider.url);
    const answer = await askWithMail(client, '/api/health/live');
    expect(answer.headers.get('Server-Timing')).toMatch(/^db;desc="0"/);
    await answer.settled();
  });

  test('and dies with its Worker before that, leaves it to cron (DBF-16)', async () => {
    const provider = await mailProvider();
    const { endpoint } = await faultyEndpoint({ always: 'hang' });
    const client = serviceAt(provider.url, { DATABASE_HTTP_ENDPOINT: endpoint, DATABASE_TIMEOUT_MS: '100' });
    recordLog();
    const { id, ...answer } = await askWithMail(client, '/api/health/live');
    expect(answer.status).toBe(200);
    await answer.settled();
    expect(await provider.received()).toEqual([]);
    await runScheduled({ cron: '*/5 * * * *' }, serviceAt(provider.url).env);
    expect((await provider.received()).map(({ key }) => key)).toContain(id);
    expect(await rowOf(client, id)).toMatchObject({ outcome: 'sent' });
  });
});

test('a request that has queued nothing asks neither database nor provider', async () => {
  const provider = await mailProvider();
  const faulty = await faultyEndpoint();
  const client = quietServiceAt(provider.url, { DATABASE_HTTP_ENDPOINT: faulty.endpoint });
  const answer = await askWithMail(client, '/api/health/live');
  await answer.settled();
  expect(await faulty.seen()).toEqual([]);
  expect(await provider.received()).toEqual([]);
});

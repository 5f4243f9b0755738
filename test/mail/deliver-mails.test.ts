import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../../src/config/variable-reader.ts';
import { sql } from '../../src/db/sql.ts';
import { deliverDueMails, deliverMailsOfOperation, type MailDelivery } from '../../src/mail/deliver-mails.ts';
import { mailDelivery } from '../../src/mail/mail-delivery.ts';
import { leaseDueMails } from '../../src/mail/outbox.sql.ts';
import { loadRuntime } from '../../src/runtime.ts';
import { createScheduled } from '../../src/scheduled.ts';
import { recordLog } from '../contract/recorded-log.ts';
import type { BreachPlan } from '../support/breach-service.ts';
import { TestClient } from '../support/client.ts';
import { faultyEndpoint, openForFlow } from '../support/database.ts';
import { baseUrl, randomSecret } from '../support/test-env.ts';
import { mailProvider } from './mail-provider.ts';
import { makeDue, queue, rowOf, run, token } from './outbox-rows.ts';

/** The five-minute trigger without its clean-up, which has tests of its own. */
const runScheduled = createScheduled({ cleanUps: [], credentials: [] });
const everyFiveMinutes = { cron: '*/5 * * * *' };
const recipient = 'reader@example.com';

beforeEach(async () => void (await run(serviceWith({}), sql`DELETE FROM mail_outbox`)));
afterEach(() => vi.restoreAllMocks());

function serviceWith(overrides: Readonly<Record<string, string>>): TestClient {
  return new TestClient({ MAIL_TRANSPORT: 'http', ...overrides });
}

function serviceAt(url: string, overrides: Readonly<Record<string, string>> = {}): TestClient {
  return serviceWith({ MAIL_HTTP_URL: url, ...overrides });
}

/** A mail that waits to leave for a provider, which answers as planned, and the lines of the log from then on. */
async function queued({ plan, ...mail }: Parameters<typeof queue>[1] & { plan?: BreachPlan } = {}) {
  const provider = await mailProvider(plan);
  const client = serviceAt(provider.url);
  return { provider, client, id: await queue(client, mail), lines: recordLog() };
}

async function deliveryOf({ env }: TestClient): Promise<MailDelivery> {
  const runtime = await loadRuntime(env);
  if (runtime instanceof ConfigError) throw runtime;
  return mailDelivery(runtime);
}

function entriesOf(lines: readonly string[]): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line));
}

describe('a due mail', () => {
  test('is sent once, with its id as the key, and nothing of it stays at rest (SES-02)', async () => {
    const { provider, client, id, lines } = await queued();
    for (const _ of [1, 2]) await runScheduled(everyFiveMinutes, client.env);
    const received = await provider.received();
    expect(received.map(({ key }) => key)).toEqual([id]);
    const url = `${baseUrl}/auth/verify-email?token=${token}`;
    expect(received[0]!.body).toMatchObject({
      to: recipient,
      from: 'no-reply@auth.test',
      kind: 'verify_email',
      subject: 'Confirm your e-mail address',
      text: expect.stringContaining(url),
      html: expect.stringContaining(`href="${url}"`),
      data: { token, url },
    });
    expect(await rowOf(client, id)).toMatchObject({
      outcome: 'sent',
      sealed: null,
      facts: null,
      attempts: 1,
    });
    expect(entriesOf(lines)).toEqual([
      expect.objectContaining({ event: 'mail_delivery_finished', sent: 1, failed: 0, givenUp: 0 }),
      expect.objectContaining({ event: 'mail_delivery_finished', sent: 0, failed: 0, givenUp: 0 }),
    ]);
    expect(lines.join('\n')).not.toMatch(/canary|reader/);
  });

  test('with a code has that for its token, and no link', async () => {
    const { provider, client, id, lines } = await queued({
      kind: 'reauthentication_code',
      token: '01234567',
    });
    await runScheduled(everyFiveMinutes, client.env);
    const [received] = await provider.received();
    expect(received!.body).toMatchObject({
      kind: 'reauthentication_code',
      text: expect.stringContaining('\n\n01234567\n\n'),
      data: { token: '01234567' },
    });
    expect(Object.keys(received!.body.data as object)).toEqual(['token']);
    expect(await rowOf(client, id)).toMatchObject({ outcome: 'sent', sealed: null, facts: null });
    expect(lines.join('\n')).not.toContain('01234567');
  });

  test('that only tells something has no link and no token in it', async () => {
    const { provider, client } = await queued({ kind: 'two_factor_disabled', locale: 'de-CH' });
    await runScheduled(everyFiveMinutes, client.env);
    const [mail] = await provider.received();
    expect(mail!.body).toMatchObject({
      subject: 'Die Zwei-Faktor-Authentifizierung wurde ausgeschaltet',
      data: {},
    });
    expect(mail!.body.text + mail!.body.html).not.toContain('href');
  });

  // Every status is one of test/mail/transports.test.ts.
  test.each(['refuse', 'status 500', 'status 422', 'status 307'])(
    'stays where the provider fails with %s, and leaves under the same key when it is well again (EML-12, DBF-13)',
    async (failure) => {
      const status = Number(failure.replace('status ', ''));
      const plan = failure === 'refuse' ? 'refuse' : { status };
      const { provider: failing, client, id, lines } = await queued({ plan });
      await runScheduled(everyFiveMinutes, client.env);
      expect((await failing.received()).map(({ key }) => key)).toEqual([id]);
      expect(await rowOf(client, id)).toMatchObject({ outcome: null, attempts: 1 });
      expect(entriesOf(lines)[0]).toMatchObject({
        ...{ level: 'warn', event: 'mail_failed', id, kind: 'verify_email', recipient: 'r***@example.com' },
        ...{ attempts: 1, cause: { message: expect.any(String) } },
      });
      const provider = await mailProvider();
      const mended = serviceAt(provider.url);
      await runScheduled(everyFiveMinutes, mended.env);
      expect(await provider.received(), 'before its time').toEqual([]);
      await makeDue(client);
      await runScheduled(everyFiveMinutes, mended.env);
      expect((await provider.received()).map(({ key }) => key)).toEqual([id]);
      expect(await rowOf(client, id)).toMatchObject({ outcome: 'sent', sealed: null, attempts: 2 });
    },
  );

  test('stays while the secret that sealed it is not there, and leaves when it is back (EML-12)', async () => {
    const { provider, client, id, lines } = await queued();
    await runScheduled(everyFiveMinutes, serviceAt(provider.url, { AUTH_SECRET: randomSecret() }).env);
    expect(await provider.received()).toEqual([]);
    expect(await rowOf(client, id)).toMatchObject({ outcome: null, attempts: 1, sealed: expect.any(String) });
    expect(entriesOf(lines)[0]).toMatchObject({
      ...{ level: 'error', event: 'mail_failed', id, cause: 'the sealed content does not open' },
    });
    await makeDue(client);
    await runScheduled(everyFiveMinutes, client.env);
    expect((await provider.received()).map(({ key }) => key)).toEqual([id]);
    expect(await rowOf(client, id)).toMatchObject({ outcome: 'sent', sealed: null });
  });

  test('waits 2 minutes for its second try, then twice as long each time, at most an hour', async () => {
    const { client, id } = await queued({ plan: { status: 503 } });
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      await makeDue(client);
      await runScheduled(everyFiveMinutes, client.env);
      waits.push(Math.round((await rowOf(client, id)).dueIn / 60));
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
    await run(client, sql`UPDATE mail_outbox SET attempts = 2000000, next_attempt_at = now()`);
    await runScheduled(everyFiveMinutes, client.env);
    expect(Math.round((await rowOf(client, id)).dueIn / 60)).toBe(60);
  });

  test.each(['hang', 'hang-in-body', 'endless'] as const)(
    'whose provider does %s costs a run no more than its time (EML-12, DBF-13)',
    async (plan) => {
      const timeout = AbortSignal.timeout.bind(AbortSignal);
      vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => timeout(ms / 20));
      const { client, id } = await queued({ plan });
      const startedAt = Date.now();
      await runScheduled(everyFiveMinutes, client.env);
      expect(Date.now() - startedAt).toBeLessThan(3000);
      // With a success in its first line the mail has been taken, whatever comes behind it.
      const outcome = plan === 'hang' ? null : 'sent';
      expect(await rowOf(client, id)).toMatchObject({ outcome, attempts: 1 });
    },
  );

  test('leaves 4 at a time; when all hang, a run ends in 25 s and those it had no time for are due at once', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const asked: number[] = [];
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      asked.push(ms);
      return timeout(ms / 20);
    });
    const { client } = await queued({ plan: 'hang' });
    for (let count = 1; count < 22; count++) await queue(client);
    const startedAt = Date.now();
    await runScheduled(everyFiveMinutes, client.env);
    expect(Date.now() - startedAt).toBeLessThan(3000);
    expect(asked.filter((ms) => ms === 25_000)).toHaveLength(1);
    const tries = asked.filter((ms) => ms === 10_000).length;
    expect(tries).toBe(12);
    const [row] = await run<{ tried: number; due: number }>(
      client,
      sql`
      SELECT count(*) FILTER (WHERE attempts = 1)::int AS tried,
        count(*) FILTER (WHERE attempts = 0 AND next_attempt_at <= now())::int AS due FROM mail_outbox`,
    );
    expect(row).toEqual({ tried: 12, due: 10 });
  });

  test('is not kept from leaving by another one that fails', async () => {
    const { provider, client, id } = await queued();
    await run(
      client,
      sql`
      INSERT INTO mail_outbox (id, kind, recipient, request_id, facts, expires_at, next_attempt_at)
      SELECT gen_random_uuid(), 'of_a_later_version', 'x@example.com', gen_random_uuid(), '{}', now() + interval '1 hour',
        now() - interval '1 hour' FROM generate_series(1, 30)`,
    );
    await runScheduled(everyFiveMinutes, client.env);
    expect((await provider.received()).map(({ key }) => key)).toEqual([id]);
    const rows = await run(client, sql`SELECT 1 FROM mail_outbox WHERE outcome IS NULL`);
    expect(rows, 'kept for the version that knows their kind').toHaveLength(30);
  });

  test('whose sending could not be recorded comes again under the same key (EML-12)', async () => {
    const { provider, client, id, lines } = await queued();
    const { endpoint } = await faultyEndpoint(['pass', 'pass', 'refuse', 'refuse']);
    await runScheduled(everyFiveMinutes, { ...client.env, DATABASE_HTTP_ENDPOINT: endpoint });
    expect(entriesOf(lines)).toContainEqual(expect.objectContaining({ event: 'mail_not_recorded', id }));
    expect(await rowOf(client, id)).toMatchObject({ outcome: null, attempts: 1 });
    await makeDue(client);
    await runScheduled(everyFiveMinutes, client.env);
    const received = await provider.received();
    expect(received.map(({ key }) => key)).toEqual([id, id]);
    expect(received[1]!.body, 'the same mail').toEqual(received[0]!.body);
  });

  test('is recorded as sent by a repeat when that answer was lost (DBF-04)', async () => {
    const { client, id, lines } = await queued();
    const faulty = await faultyEndpoint(['pass', 'pass', 'commit-then-drop']);
    await runScheduled(everyFiveMinutes, { ...client.env, DATABASE_HTTP_ENDPOINT: faulty.endpoint });
    expect(await rowOf(client, id)).toMatchObject({ outcome: 'sent' });
    expect(entriesOf(lines)).toEqual([expect.objectContaining({ event: 'mail_delivery_finished', sent: 1 })]);
  });

  test('whose claim was lost is left alone until the lease is over', async () => {
    const { provider, client, id } = await queued();
    const { endpoint } = await faultyEndpoint(['pass', 'commit-then-drop']);
    const failing = { ...client.env, DATABASE_HTTP_ENDPOINT: endpoint };
    await expect(runScheduled(everyFiveMinutes, failing)).rejects.toThrow('the outbox could not be read');
    await runScheduled(everyFiveMinutes, client.env);
    expect(await provider.received()).toEqual([]);
    expect((await rowOf(client, id)).dueIn).toBeGreaterThan(100);
  });
});

describe('a mail that never leaves', () => {
  test('whatever the provider says of it, is given up when its link has expired, and wiped (SES-02)', async () => {
    const { provider, client, id, lines } = await queued({ plan: { status: 422 } });
    await runScheduled(everyFiveMinutes, client.env);
    await run(client, sql`UPDATE mail_outbox SET expires_at = now(), next_attempt_at = now()`);
    await runScheduled(everyFiveMinutes, client.env);
    expect(await provider.received()).toHaveLength(1);
    expect(await rowOf(client, id)).toMatchObject({ outcome: 'given_up', sealed: null, facts: null });
    expect(entriesOf(lines)[0]).toMatchObject({ event: 'mail_failed', cause: { message: 'status 422: no' } });
    expect(entriesOf(lines)[2]).toMatchObject({
      ...{ level: 'error', event: 'mail_given_up', id, kind: 'verify_email', recipient: 'r***@example.com' },
      attempts: 1,
    });
    expect(entriesOf(lines)[3]).toMatchObject({ sent: 0, failed: 0, givenUp: 1 });
  });

  test('is given up when its link has expired, without a try', async () => {
    const { provider, client, id, lines } = await queued({ expiresInSeconds: -1 });
    expect((await leaseDueMails(openForFlow(), 20)).map((claimed) => claimed.id)).not.toContain(id);
    await runScheduled(everyFiveMinutes, client.env);
    expect(await provider.received()).toEqual([]);
    expect(await rowOf(client, id)).toMatchObject({ outcome: 'given_up', sealed: null });
    expect(entriesOf(lines)[0]).toMatchObject({ event: 'mail_given_up', id, attempts: 0 });
    expect(lines.join('\n')).not.toMatch(/canary|reader/);
  });

  test('stays quietly in the outbox of development until its link has expired', async () => {
    const client = serviceWith({ MAIL_TRANSPORT: 'outbox' });
    const [kept, expired] = [await queue(client), await queue(client, { expiresInSeconds: -1 })];
    const lines = recordLog();
    await deliverMailsOfOperation(await deliveryOf(client), crypto.randomUUID(), crypto.randomUUID());
    await runScheduled(everyFiveMinutes, client.env);
    expect(await rowOf(client, kept)).toMatchObject({
      outcome: null,
      attempts: 0,
      sealed: expect.any(String),
    });
    expect(await rowOf(client, expired)).toMatchObject({ outcome: 'given_up', sealed: null });
    expect(entriesOf(lines).map(({ event }) => event)).toEqual(['mail_delivery_finished']);
  });

  test('leaves nothing of its address or token in the log, whatever the provider answers (LOG-01, LOG-05)', async () => {
    const { provider, client, lines } = await queued({ plan: { status: 500 } });
    const link = `${baseUrl}/auth/verify-email?token=${token}`;
    const quoted = [
      recipient,
      encodeURIComponent(recipient),
      token,
      link,
      encodeURIComponent(link),
      btoa(token),
      btoa(link),
    ];
    const told500 = `x x x ${JSON.stringify({ quoted })}\n{"level":"info"}`.repeat(50);
    answerInstead(provider.url, () => new Response(told500, { status: 500 }));
    await runScheduled(everyFiveMinutes, client.env);
    const told = lines.join('\n');
    expect(told).toContain('status 500: x x x');
    for (const canary of [...quoted, 'canary', 'reader']) expect(told).not.toContain(canary);
    expect(lines).toHaveLength(2);
    expect(lines[0]!.length).toBeLessThan(2500);
  });
});

test('a key in MAIL_HTTP_URL is in no log line, however its server fails (LOG-01)', async () => {
  for (const plan of ['refuse', { status: 500 }] as const) {
    const { url } = await mailProvider(plan);
    const client = serviceAt(`${url}?key=canary-key`);
    await queue(client);
    const lines = recordLog();
    await runScheduled(everyFiveMinutes, client.env);
    expect(entriesOf(lines)[0]).toMatchObject({ event: 'mail_failed' });
    expect(lines.join('\n')).not.toContain('canary');
  }
});

/** Answers calls to one address by itself and lets all others pass. */
function answerInstead(url: string, answer: () => Response): void {
  const send = globalThis.fetch;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) =>
    String(input) === url ? answer() : send(input, init),
  );
}

describe('the mails of one request', () => {
  test('leave by themselves, and no other', async () => {
    const operationId = crypto.randomUUID();
    const { provider, client, id: own, lines } = await queued({ operationId });
    const other = await queue(client);
    await deliverMailsOfOperation(await deliveryOf(client), operationId, crypto.randomUUID());
    expect((await provider.received()).map(({ key }) => key)).toEqual([own]);
    expect(await rowOf(client, other)).toMatchObject({ outcome: null, attempts: 0 });
    expect(lines).toEqual([]);
  });

  test('never let a failure out, of the provider or the database', async () => {
    const operationId = crypto.randomUUID();
    const { provider, client, lines } = await queued({ operationId, plan: 'refuse' });
    await deliverMailsOfOperation(await deliveryOf(client), operationId, crypto.randomUUID());
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const failing = await deliveryOf(serviceAt(provider.url, { DATABASE_HTTP_ENDPOINT: endpoint }));
    await deliverMailsOfOperation(failing, operationId, crypto.randomUUID());
    expect((await deliverDueMails(failing)).failure).toBeDefined();
    expect(entriesOf(lines).map(({ event }) => event)).toEqual([
      'mail_failed',
      'mail_delivery_failed',
      'mail_delivery_failed',
    ]);
  });
});

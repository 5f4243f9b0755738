import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runScheduled } from '../src/app.ts';
import { sql } from '../src/db/sql.ts';
import { cleanupExpiredSessions } from '../src/features/sessions/refresh-session.sql.ts';
import worker from '../src/index.ts';
import { createScheduled } from '../src/scheduled.ts';
import { recordLog } from './contract/recorded-log.ts';
import { registerUser } from './support/accounts.ts';
import { TestClient } from './support/client.ts';
import { faultyEndpoint, query } from './support/database.ts';
import { addEndingSessions, countEndingSessions } from './support/ending-sessions.ts';

const nightly = { cron: '0 2 * * *' };

/** The kinds of rows that the database is asked about, in the order in which they are told. */
const asked = [
  ...['security_events', 'security_events.ip_address', 'sessions', 'login_attempts', 'mail_outbox'],
  ...['one_time_tokens', 'trusted_devices', 'registration_attempts', 'users.address_key', 'factors'],
  ...['users.two_factor_reset_at', 'provider_tokens'],
];
/** Without a secret that is being replaced there is nothing to seal anew, and nothing is asked. */
const sealed = ['mail_outbox.sealed', 'factors.secret_sealed', 'provider_tokens.sealed'];

const client = new TestClient();
let userId: string;

beforeAll(async () => {
  userId = (await registerUser(client)).json.user.id;
});
beforeEach(async () => {
  await query(sql`DELETE FROM sessions WHERE method = 'test'`);
});

function entriesOf(lines: readonly string[]): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line));
}

/** What the log says was deleted, run by run. */
function deletedSessions(lines: readonly string[]): number[] {
  return entriesOf(lines)
    .filter(({ event, rows }) => event === 'clean_up_finished' && rows === 'sessions')
    .map(({ deleted }) => Number(deleted));
}

describe('the nightly clean-up', () => {
  test('deletes the sessions whose end has come, and no other, and logs how many', async () => {
    await addEndingSessions(userId, 3, -1);
    await addEndingSessions(userId, 2, 60);
    const lines = recordLog();
    await runScheduled(nightly, client.env);
    expect(await countEndingSessions()).toBe(2);
    expect(deletedSessions(lines)).toEqual([3]);
  });

  test('works in batches of bounded size until nothing is left (T31)', async () => {
    await addEndingSessions(userId, 2500, -1);
    recordLog();
    const faulty = await faultyEndpoint();
    await runScheduled(nightly, { ...client.env, DATABASE_HTTP_ENDPOINT: faulty.endpoint });
    expect(await countEndingSessions()).toBe(0);
    const all = (await faulty.seen()).flatMap(({ queries }) => queries);
    const statements = all.filter((text) => text.includes('DELETE FROM sessions'));
    expect(statements).toHaveLength(3);
    for (const text of statements) expect(text).toMatch(/LIMIT \$1::int FOR UPDATE SKIP LOCKED/);
  });

  test('runs side by side with itself without an error, and the two share the work', async () => {
    await addEndingSessions(userId, 1500, -1);
    const lines = recordLog();
    await Promise.all([runScheduled(nightly, client.env), runScheduled(nightly, client.env)]);
    expect(deletedSessions(lines).reduce((sum, count) => sum + count, 0)).toBe(1500);
    expect(await countEndingSessions()).toBe(0);
  });

  test('tells the platform when the database fails, and claims nothing', async () => {
    const lines = recordLog();
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    await expect(runScheduled(nightly, { ...client.env, DATABASE_HTTP_ENDPOINT: endpoint })).rejects.toThrow(
      `the clean-up failed for ${asked.join(', ')}`,
    );
    expect(entriesOf(lines).slice(0, 3)).toEqual(
      sealed.map((rows) => expect.objectContaining({ event: 'clean_up_finished', rows })),
    );
    // In the order in which they give up, which is any.
    const failed = entriesOf(lines).slice(3);
    for (const line of failed)
      expect(line).toMatchObject({ level: 'error', event: 'clean_up_failed', batches: 0 });
    expect(failed.map(({ rows }) => rows).toSorted()).toEqual(asked.toSorted());
  });

  test('goes on with all other rows when one kind fails, and tells the platform at the end (CRN-07)', async () => {
    await addEndingSessions(userId, 2, -1);
    await query(sql`ALTER TABLE login_attempts RENAME TO hidden_attempts`);
    const lines = recordLog();
    try {
      await expect(runScheduled(nightly, client.env)).rejects.toThrow(
        'the clean-up failed for login_attempts',
      );
    } finally {
      await query(sql`ALTER TABLE hidden_attempts RENAME TO login_attempts`);
    }
    expect(await countEndingSessions()).toBe(0);
    const told = entriesOf(lines).map(({ event, rows }) => `${event} ${rows}`);
    const others = [...asked, ...sealed].filter((rows) => rows !== 'login_attempts');
    expect(told.toSorted()).toEqual([
      'clean_up_failed login_attempts',
      ...others.map((rows) => `clean_up_finished ${rows}`).toSorted(),
    ]);
  });

  test('that breaks off in the middle keeps what was done, and the next one does the rest (CRN-07)', async () => {
    await addEndingSessions(userId, 2500, -1);
    const lines = recordLog();
    const { endpoint } = await faultyEndpoint(['pass', 'pass', { sqlstate: '57P01' }]);
    const failing = { ...client.env, DATABASE_HTTP_ENDPOINT: endpoint };
    // Beside other kinds, the third call could be anybody's.
    const runSessions = createScheduled({
      cleanUps: [{ rows: 'sessions', change: 'deleted', runBatch: cleanupExpiredSessions }],
      credentials: [],
    });
    await expect(runSessions(nightly, failing)).rejects.toThrow('the clean-up failed for sessions');
    expect(await countEndingSessions()).toBe(1000);
    expect(entriesOf(lines)).toContainEqual(
      expect.objectContaining({ event: 'clean_up_failed', rows: 'sessions', deleted: 1500, batches: 2 }),
    );
    await runScheduled(nightly, client.env);
    expect(await countEndingSessions()).toBe(0);
    expect(deletedSessions(lines)).toEqual([1000]);
  });

  test('with a wrong configuration names the variable and does nothing (SUP-01)', async () => {
    await addEndingSessions(userId, 1, -1);
    const lines = recordLog();
    const wrong = { ...client.env, AUTH_SECRET: 'canary' };
    await expect(runScheduled(nightly, wrong)).rejects.toThrow('missing or wrong: AUTH_SECRET');
    expect(await countEndingSessions()).toBe(1);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'misconfigured', variables: ['AUTH_SECRET'] });
    expect(lines[0]).not.toContain('canary');
  });
});

describe('the outbox on its schedule', () => {
  test('tells the platform when the database fails, and cleans up all the same (CRN-07)', async () => {
    const lines = recordLog();
    await addEndingSessions(userId, 1, -1);
    await query(sql`ALTER TABLE mail_outbox RENAME TO hidden_outbox`);
    try {
      await expect(runScheduled({ cron: '*/5 * * * *' }, client.env)).rejects.toThrow(
        'the clean-up failed for mail_outbox; the outbox could not be read',
      );
    } finally {
      await query(sql`ALTER TABLE hidden_outbox RENAME TO mail_outbox`);
    }
    expect(await countEndingSessions()).toBe(0);
    expect(entriesOf(lines)).toContainEqual(
      expect.objectContaining({
        level: 'error',
        event: 'mail_delivery_failed',
        sent: 0,
        failed: 0,
        givenUp: 0,
      }),
    );
  });
});

describe('the Worker', () => {
  test('cleans up on every schedule, and sends mails on all but the nightly one (CRN-08)', async () => {
    const files = import.meta.glob<string>('../wrangler.toml', {
      query: '?raw',
      import: 'default',
      eager: true,
    });
    const [, list] = /crons = (\[.*\])/.exec(files['../wrangler.toml'] ?? '') ?? [];
    expect(JSON.parse(list ?? '')).toEqual([nightly.cron, '*/5 * * * *']);
    const lines = recordLog();
    const deliveries = () =>
      entriesOf(lines.splice(0)).filter(({ event }) => event === 'mail_delivery_finished');
    for (const cron of [nightly.cron, '*/5 * * * *', '* * * * *', '']) {
      await addEndingSessions(userId, 1, -1);
      await worker.scheduled({ cron }, client.env);
      expect(await countEndingSessions(), cron).toBe(0);
      expect(deliveries(), cron).toHaveLength(cron === nightly.cron ? 0 : 1);
    }
  });
});

import { beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { runScheduled } from '../../src/app.ts';
import { sql } from '../../src/db/sql.ts';
import { addExpiredRows, countExpiredRows, expiredKinds } from '../../tools/expired-rows.ts';
import { expectProblem } from '../contract/expect-problem.ts';
import { recordLog } from '../contract/recorded-log.ts';
import { registerUser } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { databaseUrl, openDatabase, query } from '../support/database.ts';
import { expectIndexed, plansOf } from '../support/query-plans.ts';
import { describe } from '../support/races.ts';
import { slowRaces } from '../support/slow.ts';
import { cronSecret } from '../support/test-env.ts';
import { untilAsleep } from './until-asleep.ts';

// Fifty batches, or a dozen in the loop of whoever works on something else.
const expired = inject('isFull') ? 100_000 : 20_000;
const live = expired / 10;

const client = new TestClient({ ENVIRONMENT: 'production' });
let userId: string;

beforeAll(async () => {
  userId = (await registerUser(client)).json.user.id;
});
beforeEach(async () => {
  await query(sql`DELETE FROM sessions`);
});

/** Adds sessions of which each ends a millisecond after the one before, the first so many seconds from now. */
async function addSessions(count: number, endsInSeconds: number): Promise<void> {
  await query(sql`
    INSERT INTO sessions (user_id, expires_at, absolute_expires_at)
    SELECT ${userId}::uuid, e.at, e.at FROM (
      SELECT now() + make_interval(secs => ${endsInSeconds}::int + n / 1000.0) AS at FROM generate_series(1, ${count}::int) n
    ) e`);
}

/** The sessions that are left: how many of them have ended, and a digest of the others. */
async function left(): Promise<{ expired: number; live: string }> {
  const [row] = await query<{ expired: number; live: string }>(sql`
    SELECT count(*) FILTER (WHERE s.expires_at <= now())::int AS expired,
      md5(string_agg(s::text, ',' ORDER BY s.id) FILTER (WHERE s.expires_at > now())) AS live
    FROM sessions s`);
  return row!;
}

async function cleanUp(): Promise<Answer & { readonly elapsedMs: number }> {
  const startedAt = Date.now();
  const answer = await client.post('/api/admin/cleanup-sessions', undefined, { bearer: cronSecret });
  return { ...answer, elapsedMs: Date.now() - startedAt };
}

slowRaces(`${expired} expired sessions beside ${live} live ones`, { timeout: 120_000 }, () => {
  beforeEach(async () => {
    await addSessions(expired, -3600);
    await addSessions(live, 3600);
    await query(sql`ANALYZE sessions`);
  }, 60_000);

  test('are deleted by ten calls at once, and ten more until none is left: each once, none that lives, each call < 5 s (CRN-04, T31)', async () => {
    const lines = recordLog();
    const before = await left();
    expect(before.expired).toBe(expired);
    let total = 0;
    for (let wave = 0; wave < 20 && total < expired; wave++) {
      const answers = await Promise.all(Array.from({ length: 10 }, cleanUp));
      for (const { status, text, elapsedMs } of answers) {
        expect(status, text).toBe(200);
        expect(elapsedMs).toBeLessThan(5000);
      }
      total += answers.reduce((sum, { json }) => sum + json.deletedCount, 0);
    }
    expect(total).toBe(expired);
    expect(await left()).toEqual({ expired: 0, live: before.live });
    const batches = lines.map((line) => JSON.parse(line)).filter(({ rows }) => rows === 'sessions');
    for (const line of batches) expect(line.deleted).toBeLessThanOrEqual(2000 * line.batches);
  });

  test('are deleted by one night (T31)', async () => {
    const lines = recordLog();
    const before = await left();
    await runScheduled({ cron: '0 2 * * *' }, client.env);
    expect(await left()).toEqual({ expired: 0, live: before.live });
    const line = lines.map((text) => JSON.parse(text)).find(({ rows }) => rows === 'sessions');
    expect(line).toMatchObject({ deleted: expired, isComplete: true });
    expect(line.batches).toBeGreaterThanOrEqual(expired / 2000);
  });

  test('are found by their index, batch by batch', async () => {
    recordLog();
    const plans = await plansOf(databaseUrl(), cleanUp);
    const ofSessions = plans.filter((nodes) => nodes.some((node) => node['Relation Name'] === 'sessions'));
    expect(ofSessions.length).toBeGreaterThan(1);
    for (const plan of ofSessions) {
      expectIndexed(plan);
      expect(plan.map((node) => node['Index Cond'])).toContain('(expires_at <= now())');
    }
  });
});

slowRaces('20,000 due rows of every kind', { timeout: 120_000 }, () => {
  const fiveMinutes = { cron: '*/5 * * * *' };

  beforeEach(async () => {
    await addExpiredRows(query, 20_000);
  }, 60_000);

  test('are gone after one trigger of the five minutes, within its 20 s (CRN-08)', async () => {
    const lines = recordLog();
    const [before] = await query<Record<string, number>>(countExpiredRows);
    expect(before).toEqual(Object.fromEntries(expiredKinds.map((kind) => [kind, 20_000])));
    const startedAt = Date.now();
    await runScheduled(fiveMinutes, client.env);
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    const [after] = await query<Record<string, number>>(countExpiredRows);
    expect(after).toEqual(Object.fromEntries(expiredKinds.map((kind) => [kind, 0])));
    const told = lines
      .map((line) => JSON.parse(line))
      .filter(({ event, rows }) => event === 'clean_up_finished' && expiredKinds.includes(rows));
    expect(told.map(({ rows }) => rows).toSorted()).toEqual(expiredKinds.toSorted());
    for (const { deleted, shortened, isComplete } of told)
      expect([deleted ?? shortened, isComplete]).toEqual([20_000, true]);
  });

  test('but one are gone although that one fails (CRN-07, CRN-08)', async () => {
    recordLog();
    await query(sql`ALTER TABLE mail_outbox RENAME TO hidden_outbox`);
    try {
      await expect(runScheduled(fiveMinutes, client.env)).rejects.toThrow(
        'the clean-up failed for mail_outbox',
      );
    } finally {
      await query(sql`ALTER TABLE hidden_outbox RENAME TO mail_outbox`);
    }
    const [after] = await query<Record<string, number>>(countExpiredRows);
    expect(after).toEqual({
      ...Object.fromEntries(expiredKinds.map((kind) => [kind, 0])),
      mail_outbox: 20_000,
    });
    await runScheduled(fiveMinutes, client.env);
    expect((await query<Record<string, number>>(countExpiredRows))[0]).toMatchObject({ mail_outbox: 0 });
  });
});

describe('a clean-up whose database connection dies in the middle of a batch', { timeout: 60_000 }, () => {
  test('keeps the batches before, undoes that one, and the next call does the rest (CRN-07)', async () => {
    const lines = recordLog();
    // 500 and 1000 before the batch in which it happens, which has 2000, and 500 after it.
    await addSessions(4000, -3600);
    await addSessions(5, 3600);
    await query(sql`
      UPDATE sessions SET method = 'slow' WHERE id = (SELECT id FROM sessions ORDER BY expires_at OFFSET 2500 LIMIT 1)`);
    await openDatabase().batch([
      sql`CREATE FUNCTION test_fall_asleep() RETURNS trigger LANGUAGE plpgsql AS
        $body$ BEGIN PERFORM pg_sleep(30); RETURN OLD; END $body$`,
      sql`CREATE TRIGGER test_fall_asleep BEFORE DELETE ON sessions FOR EACH ROW WHEN (OLD.method = 'slow')
        EXECUTE FUNCTION test_fall_asleep()`,
    ]);
    const before = await left();
    const dying = cleanUp();
    await untilAsleep(1);
    // Another run skips what the dying one holds.
    expect((await cleanUp()).json.deletedCount).toBe(500);
    await query(sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'`);
    expectProblem(await dying, 503, 'service_unavailable');
    expect(await left()).toEqual({ expired: 2000, live: before.live });
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ event: 'clean_up_failed', rows: 'sessions', deleted: 1500, batches: 2 }),
    );
    await query(sql`DROP TRIGGER test_fall_asleep ON sessions`);
    expect((await cleanUp()).json.deletedCount).toBe(2000);
    expect(await left()).toEqual({ expired: 0, live: before.live });
  });
});

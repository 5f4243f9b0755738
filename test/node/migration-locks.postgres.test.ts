import { randomUUID } from 'node:crypto';
import { expect, inject } from 'vitest';
import { defaultLimits } from '../../src/db/migrations/migration-limits.ts';
import { type Migration, migrate, migrationStatus } from '../../src/db/migrations.ts';
import { identifier, sql } from '../../src/db/sql.ts';
import { openDatabase } from '../../tools/node-database.ts';
import { freshServerDatabase } from '../support/node/fresh-database.ts';
import { openSession } from '../support/node/server-connection.ts';
import { describe, test } from '../support/races.ts';

const url = await freshServerDatabase();
const database = openDatabase(url, inject('databaseEndpoint'));

/** A table with a row, and a migration that makes another table before it wants this one for itself. */
async function contested() {
  const id = randomUUID().replaceAll('-', '');
  const [table, other] = [`t_${id}`, `o_${id}`];
  await database.batch([
    sql`CREATE TABLE ${identifier(table)} (id int)`,
    sql`INSERT INTO ${identifier(table)} VALUES (1)`,
  ]);
  const migration: Migration = {
    name: `9000_${id}`,
    sql: `CREATE TABLE ${other} (id int); ALTER TABLE ${table} ADD COLUMN more int;`,
  };
  const exists = async (name: string) => {
    const [row] = await database.query<{ exists: boolean }>(
      sql`SELECT to_regclass(${name}) IS NOT NULL AS exists`,
    );
    return row?.exists;
  };
  return { table, migration, isOtherThere: () => exists(other) };
}

/** A transaction that reads the table and is left open. */
async function holdTable(table: string) {
  const session = await openSession(url);
  await session.query(`BEGIN; SELECT FROM ${table}`);
  return { session, release: () => session.query('ROLLBACK') };
}

describe('a migration that is not given a lock (CRN-09)', () => {
  test('gives up in bounded time with the reason, has changed nothing, and passes when it is run again', async () => {
    const { table, migration, isOtherThere } = await contested();
    const holder = await holdTable(table);
    const lines: string[] = [];
    const limits = { lockTimeoutMs: 300, attemptsMax: 3, pauseMs: 20 };
    const began = Date.now();
    const error = await migrate(database, [migration], {
      limits,
      log: (line) => lines.push(line),
    }).catch((thrown: unknown) => thrown);
    expect(Date.now() - began).toBeLessThan(5000);
    expect(error).toMatchObject({ name: 'MigrationError', migration: migration.name, isTemporary: true });
    const { message } = error as Error;
    expect(message).toContain('a lock on a table was not given within 3 tries of 0.3 s');
    expect(message).toContain('canceling statement due to lock timeout');
    expect(message).toContain('Nothing of this file was changed');
    expect(message).toContain('pg_stat_activity');
    expect(lines).toEqual(
      [1, 2].map((n) => expect.stringContaining(`${migration.name}: try ${n} of 3 was not given a lock`)),
    );
    expect(await isOtherThere()).toBe(false);
    expect(await migrationStatus(database, [migration])).toMatchObject([{ state: 'pending' }]);

    await holder.release();
    expect(await migrate(database, [migration], { limits })).toEqual([migration.name]);
    expect(await isOtherThere()).toBe(true);
  });

  test('holds up what the service asks of the table no longer than one try, and not at all between two', async () => {
    const { table, migration } = await contested();
    const holder = await holdTable(table);
    const limits = { lockTimeoutMs: 400, attemptsMax: 3, pauseMs: 200 };
    const run = migrate(database, [migration], { limits });
    let isOver = false;
    const ended = run.catch(() => undefined).finally(() => (isOver = true));
    let longestMs = 0;
    while (!isOver) {
      const asked = Date.now();
      await database.query(sql`SELECT id FROM ${identifier(table)}`);
      longestMs = Math.max(longestMs, Date.now() - asked);
    }
    await ended;
    await holder.release();
    await expect(run).rejects.toThrow('was not given within');
    expect(longestMs).toBeGreaterThan(100);
    expect(longestMs).toBeLessThan(2500);
  });

  test('by default lets nobody wait for as long as the service waits for an answer', () => {
    // DATABASE_TIMEOUT_MS
    expect(defaultLimits.lockTimeoutMs).toBeLessThan(2500);
  });

  test('passes by itself when the table is free before the last try', async () => {
    const { table, migration } = await contested();
    const holder = await holdTable(table);
    const applied = await migrate(database, [migration], {
      limits: { lockTimeoutMs: 100, attemptsMax: 50, pauseMs: 20 },
      log: () => void holder.release(),
    });
    expect(applied).toEqual([migration.name]);
  });

  test('is tried again where a deadlock was broken at its cost', async () => {
    const { table, migration } = await contested();
    const { table: second } = await contested();
    const session = await openSession(url);
    // So that PostgreSQL breaks it at the other one's cost.
    await session.query(`SET deadlock_timeout = '20s'; BEGIN; LOCK TABLE ${table}`);
    const crossing = {
      ...migration,
      sql: `LOCK TABLE ${second}; ALTER TABLE ${table} ADD COLUMN more int`,
    };
    const lines: string[] = [];
    const run = migrate(database, [crossing], {
      limits: { lockTimeoutMs: 8000, attemptsMax: 2, pauseMs: 20 },
      log: (line) => lines.push(line),
    });
    const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = '${table}'::regclass`;
    await expect.poll(async () => (await session.query(waiting)).rowCount).toBe(1);
    await session.query(`LOCK TABLE ${second}; COMMIT`);
    expect(await run).toEqual([migration.name]);
    expect(lines).toEqual([expect.stringContaining('deadlock detected')]);
  });

  test('is not tried again where PostgreSQL refuses it for another reason', async () => {
    const { migration } = await contested();
    const lines: string[] = [];
    const wrong = { ...migration, sql: 'SELECT nothing_here' };
    await expect(migrate(database, [wrong], { log: (line) => lines.push(line) })).rejects.toThrow(
      'does not exist',
    );
    expect(lines).toEqual([]);
  });
});

test('a runner waits for another one for longer than for a table, whatever its role allows (CRN-09)', async () => {
  const impatient = await freshServerDatabase();
  const session = await openSession(impatient);
  await session.query(`ALTER DATABASE ${new URL(impatient).pathname.slice(1)} SET lock_timeout = '200ms'`);
  const other = openDatabase(impatient, inject('databaseEndpoint'));
  expect(await other.query(sql`SHOW lock_timeout`)).toEqual([{ lock_timeout: '200ms' }]);
  const slow: Migration = { name: '9000_slow', sql: 'SELECT pg_sleep(1)' };
  const limits = { lockTimeoutMs: 200, attemptsMax: 1 };
  const reports = await Promise.all([1, 2].map(() => migrate(other, [slow], { limits })));
  expect(reports.flat()).toEqual([slow.name]);
});

test('of many runners at once each file is applied by exactly one, also when the first makes the table (T11)', async () => {
  for (let round = 0; round < 10; round++) {
    await database.query(sql`DROP TABLE IF EXISTS schema_migrations, counted`);
    const migrations: Migration[] = [
      { name: '0001_table', sql: 'CREATE TABLE counted (file int)' },
      { name: '0002_slow', sql: 'INSERT INTO counted VALUES (2); SELECT pg_sleep(0.02)' },
      { name: '0003_last', sql: 'INSERT INTO counted VALUES (3)' },
    ];
    const reports = await Promise.all(Array.from({ length: 8 }, () => migrate(database, migrations)));
    expect(reports.flat().toSorted()).toEqual(['0001_table', '0002_slow', '0003_last']);
    expect(await database.query(sql`SELECT file FROM counted ORDER BY file`)).toEqual([
      { file: 2 },
      { file: 3 },
    ]);
  }
});

test('a runner that waited for one with another text of the same file says so', async () => {
  await database.query(sql`DROP TABLE IF EXISTS schema_migrations`);
  const withText = (text: string) => migrate(database, [{ name: '0001_same', sql: text }]);
  const outcomes = await Promise.allSettled([
    withText('SELECT pg_sleep(0.3)'),
    withText('SELECT pg_sleep(0.31)'),
  ]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const refused = outcomes.find((outcome) => outcome.status === 'rejected');
  expect(String(refused?.reason)).toContain('the file differs from what was applied');
});

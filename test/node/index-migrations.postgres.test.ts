import { randomUUID } from 'node:crypto';
import { expect, inject } from 'vitest';
import { defaultLimits } from '../../src/db/migrations/migration-limits.ts';
import {
  type DirectConnection,
  type MigrateOptions,
  type Migration,
  migrate,
  migrationStatus,
} from '../../src/db/migrations.ts';
import { identifier, sql } from '../../src/db/sql.ts';
import { openDirectConnection } from '../../tools/direct-connection.ts';
import { openDatabase } from '../../tools/node-database.ts';
import { freshServerDatabase } from '../support/node/fresh-database.ts';
import { directUrlOf, openSession } from '../support/node/server-connection.ts';
import { describe, roundsOf, test } from '../support/races.ts';

const url = await freshServerDatabase();
const database = openDatabase(url, inject('databaseEndpoint'));

type Limits = MigrateOptions['limits'];

/** A table of three rows, and a file that builds an index on it. */
async function indexFile({ isUnique = false } = {}) {
  const id = randomUUID().replaceAll('-', '');
  const [table, index] = [`t_${id}`, `i_${id}`];
  await database.batch([
    sql`CREATE TABLE ${identifier(table)} (n int)`,
    sql`INSERT INTO ${identifier(table)} VALUES (1), (2), (2)`,
  ]);
  const migration: Migration = {
    name: `9000_${id}_concurrently`,
    sql: `-- Why; and how.\nCREATE ${isUnique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${index} ON ${table} (n);\n`,
  };
  const findIndexes = () =>
    database.query<{ name: string; is_valid: boolean; oid: string }>(sql`
      SELECT c.relname AS name, i.indisvalid AS is_valid, c.oid::text AS oid
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ${table}::regclass`);
  const lines: string[] = [];
  const run = (limits?: Limits, more: MigrateOptions = {}) =>
    migrate(database, [migration], {
      openDirect: () => openDirectConnection(directUrlOf(url)),
      log: (line) => lines.push(line),
      limits: { pollMs: 20, ...limits },
      ...more,
    });
  return { table, index, migration, findIndexes, run, lines };
}

/** A transaction that has written to the table and is left open: a build waits for its end. */
async function holdTable(table: string) {
  const session = await openSession(url);
  await session.query(`BEGIN; INSERT INTO ${table} VALUES (4)`);
  return () => session.query('COMMIT');
}

/** The process that builds an index on the table and waits for another transaction. */
async function untilBuilding(table: string): Promise<number> {
  const find = () =>
    database.query<{ pid: number }>(sql`
      SELECT pid FROM pg_stat_progress_create_index
      WHERE relid = ${table}::regclass AND index_relid <> 0 AND current_locker_pid <> 0`);
  await expect.poll(async () => (await find()).length, { timeout: 5000 }).toBe(1);
  return (await find())[0]?.pid ?? 0;
}

async function endProcess(pid: number): Promise<void> {
  await database.query(sql`SELECT pg_terminate_backend(${pid}::int)`);
}

async function leases(): Promise<unknown[]> {
  return database.query(sql`SELECT * FROM schema_migration_leases`);
}

describe('a file that builds an index concurrently (CRN-09)', () => {
  test('is built over the direct connection, recorded, and not built again', async () => {
    const { index, migration, findIndexes, run } = await indexFile();
    const sent: string[] = [];
    let closed = 0;
    const openDirect = async (): Promise<DirectConnection> => {
      const connection = await openDirectConnection(directUrlOf(url));
      return {
        query: (statement) => {
          sent.push(statement.texts.join('?'));
          return connection.query(statement);
        },
        close: async () => {
          closed++;
          await connection.close();
        },
      };
    };
    expect(await migrationStatus(database, [migration])).toMatchObject([{ state: 'pending' }]);
    expect(await run({}, { openDirect })).toEqual([migration.name]);
    expect(sent).toContain(migration.sql);
    expect(closed).toBe(1);
    expect(await findIndexes()).toMatchObject([{ name: index, is_valid: true }]);
    expect(await migrationStatus(database, [migration])).toMatchObject([{ state: 'applied' }]);
    const edited = { ...migration, sql: `${migration.sql} ` };
    expect(await migrationStatus(database, [edited])).toMatchObject([{ state: 'changed' }]);
    expect(await leases()).toEqual([]);
    expect(await run({}, { openDirect })).toEqual([]);
    expect(closed).toBe(1);
  });

  test('whose build is killed is not recorded, and is begun again by the next run', async () => {
    const { table, index, migration, findIndexes, run, lines } = await indexFile();
    const release = await holdTable(table);
    const killed = run().catch((thrown: unknown) => thrown);
    const builder = await untilBuilding(table);
    // The service goes on meanwhile.
    await database.query(sql`INSERT INTO ${identifier(table)} VALUES (5)`);
    await endProcess(builder);
    const error = await killed;
    expect(error).toMatchObject({ name: 'MigrationError', migration: migration.name });
    expect(String(error)).toContain(`the index ${index} was not built: `);
    expect(String(error)).toContain('the next run drops it and begins again');
    const [left] = await findIndexes();
    expect(left).toMatchObject({ name: index, is_valid: false });
    expect(await migrationStatus(database, [migration])).toMatchObject([{ state: 'pending' }]);

    await release();
    expect(await run()).toEqual([migration.name]);
    const [built, ...others] = await findIndexes();
    expect(built).toMatchObject({ name: index, is_valid: true });
    expect(built?.oid).not.toBe(left?.oid);
    expect(others).toEqual([]);
    expect(lines).toContainEqual(expect.stringContaining('drops the invalid index'));
  });

  test('of several runners at once is built by one, and the others find it applied', async () => {
    for (let round = 0; round < roundsOf(30); round++) {
      const { index, migration, findIndexes, run } = await indexFile();
      const reports = await Promise.all([run({ pollMs: 1 }), run({ pollMs: 1 }), run({ pollMs: 1 })]);
      expect(reports.flat()).toEqual([migration.name]);
      expect(await leases()).toEqual([]);
      expect(await findIndexes()).toMatchObject([{ name: index, is_valid: true }]);
    }
  });

  test('says which rows are in the way of a unique index, leaves none, and passes after the repair', async () => {
    const { table, index, migration, findIndexes, run } = await indexFile({ isUnique: true });
    const error = await run().catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(`could not create unique index "${index}"`);
    expect(String(error)).toContain('detail: Key (n)=(2) is duplicated.');
    expect(String(error)).toContain('The invalid index was dropped');
    expect(await findIndexes()).toEqual([]);
    expect(await leases()).toEqual([]);

    await database.query(sql`DELETE FROM ${identifier(table)} WHERE n = 2`);
    expect(await run()).toEqual([migration.name]);
    expect(await findIndexes()).toMatchObject([{ name: index, is_valid: true }]);
  });

  test('gives up in bounded time where a transaction is left open, with the reason', async () => {
    const { table, migration, findIndexes, run } = await indexFile();
    const release = await holdTable(table);
    const error = await run({ buildLockTimeoutMs: 300, lockTimeoutMs: 100 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'MigrationError', isTemporary: true });
    expect(String(error)).toContain('canceling statement due to lock timeout');
    expect(String(error)).toContain('pg_stat_activity');
    await release();
    expect(await run()).toEqual([migration.name]);
    expect(await findIndexes()).toMatchObject([{ is_valid: true }]);
  });

  test('is begun again also where it is the drop of an invalid index that was cut off', async () => {
    const { table, index, migration, findIndexes, run } = await indexFile({ isUnique: true });
    const session = await openSession(url);
    await session.query(`CREATE UNIQUE INDEX CONCURRENTLY ${index} ON ${table} (n)`).catch(() => undefined);
    await database.query(sql`DELETE FROM ${identifier(table)} WHERE n = 2`);
    const release = await holdTable(table);
    await expect(run({ buildLockTimeoutMs: 200 })).rejects.toMatchObject({
      isTemporary: true,
      message: expect.stringContaining('pg_stat_activity'),
    });
    await release();
    expect(await run()).toEqual([migration.name]);
    expect(await findIndexes()).toMatchObject([{ is_valid: true }]);
  });
});

describe('the lease of an index build (CRN-09)', () => {
  test('keeps other runners away while it is extended, and they give up with the reason', async () => {
    const { table, migration, run, lines } = await indexFile();
    const release = await holdTable(table);
    const first = run({ leaseMs: 1200 }, { runner: 'the first' });
    await untilBuilding(table);
    // Longer than the lease lasts by itself.
    await expect(run({ buildWaitMs: 2400 })).rejects.toMatchObject({
      isTemporary: true,
      message: expect.stringMatching(
        /the first \(\w{8}\) builds this index, by a lease that ends at .*run it again/,
      ),
    });
    expect(lines).toContainEqual(expect.stringMatching(/waits, since the first/));
    expect(lines).toContainEqual(
      expect.stringMatching(/waiting for writers before build, behind process \d+$/),
    );
    await release();
    expect(await first).toEqual([migration.name]);
    expect(await leases()).toEqual([]);
  });

  test('of a runner that has died ends by itself', async () => {
    const { migration, run } = await indexFile();
    await run();
    await database.batch([
      sql`DELETE FROM schema_migrations WHERE name = ${migration.name}`,
      sql`INSERT INTO schema_migration_leases VALUES (${migration.name}, 'a dead one', now() + interval '1 second')`,
    ]);
    expect(await run({ buildWaitMs: 5000 })).toEqual([migration.name]);
    expect(defaultLimits.buildWaitMs).toBeGreaterThan(defaultLimits.leaseMs);
  });

  test('that was lost lets nobody drop an index that is still being built', async () => {
    const { table, index, migration, findIndexes, run, lines } = await indexFile();
    const release = await holdTable(table);
    const first = run();
    await untilBuilding(table);
    const [begun] = await findIndexes();
    await database.query(sql`DELETE FROM schema_migration_leases WHERE migration = ${migration.name}`);
    const second = run();
    await expect.poll(() => lines).toContainEqual(expect.stringContaining('still builds this index'));
    await release();
    expect((await Promise.all([first, second])).flat()).toEqual([migration.name]);
    expect(await findIndexes()).toEqual([{ name: index, is_valid: true, oid: begun?.oid }]);
  });
});

describe('an index that is there already (CRN-09)', () => {
  test('is taken for that of the file where it is valid, and recorded', async () => {
    const { table, index, migration, findIndexes, run } = await indexFile();
    await database.query(sql`CREATE INDEX ${identifier(index)} ON ${identifier(table)} (n)`);
    const before = await findIndexes();
    expect(await run()).toEqual([migration.name]);
    expect(await findIndexes()).toEqual(before);
    expect(await migrationStatus(database, [migration])).toMatchObject([{ state: 'applied' }]);
  });

  test('is refused where it is not unique and should be', async () => {
    const { table, index, run } = await indexFile({ isUnique: true });
    await database.query(sql`CREATE INDEX ${identifier(index)} ON ${identifier(table)} (n)`);
    await expect(run()).rejects.toThrow(`there is an index ${index} already, which is not unique`);
  });

  test('of another table is left alone, and the file is refused', async () => {
    const { index, run } = await indexFile();
    const other = await indexFile();
    await database.query(sql`CREATE INDEX ${identifier(index)} ON ${identifier(other.table)} (n)`);
    await expect(run()).rejects.toThrow('already exists');
    expect(await other.findIndexes()).toMatchObject([{ name: index, is_valid: true }]);
  });
});

test('where there is no direct connection an index is built over HTTP, also by two at once (CRN-09)', async () => {
  for (let round = 0; round < roundsOf(20); round++) {
    const { index, migration, findIndexes, run } = await indexFile();
    const overHttp = () => run({}, { openDirect: undefined });
    expect((await Promise.all([overHttp(), overHttp()])).flat()).toEqual([migration.name]);
    expect(await findIndexes()).toMatchObject([{ name: index, is_valid: true }]);
  }
});

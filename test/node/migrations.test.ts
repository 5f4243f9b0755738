import { randomUUID } from 'node:crypto';
import { describe, expect, inject, test } from 'vitest';
import { MigrationError } from '../../src/db/migrations/migration-error.ts';
import { type Migration, migrate, migrationStatus } from '../../src/db/migrations.ts';
import { identifier, sql } from '../../src/db/sql.ts';
import { openDatabase, readMigrations } from '../../tools/node-database.ts';
import { freshDatabase } from '../support/node/fresh-database.ts';

const database = openDatabase(await freshDatabase(), inject('databaseEndpoint'));

/** Names that no other test uses, and that sort in the given order. */
function files(...texts: string[]): Migration[] {
  const id = randomUUID().replaceAll('-', '');
  return texts.map((text, index) => ({ name: `900${index}_${id}`, sql: text }));
}

function newTable(): string {
  return `t_${randomUUID().replaceAll('-', '')}`;
}

async function tableExists(name: string): Promise<boolean> {
  const [row] = await database.query<{ exists: boolean }>(
    sql`SELECT to_regclass(${name}) IS NOT NULL AS exists`,
  );
  return row?.exists ?? false;
}

describe('migrate', () => {
  test('applies files in the order of their names and reports them', async () => {
    const table = newTable();
    const migrations = files(`CREATE TABLE ${table} (id int)`, `ALTER TABLE ${table} RENAME id TO number`);
    expect(await migrate(database, migrations.toReversed())).toEqual(migrations.map(({ name }) => name));
    expect(await database.query(sql`SELECT number FROM ${identifier(table)}`)).toEqual([]);
  });

  test('runs a file as a whole, whatever quotes, semicolons and dollar signs it holds', async () => {
    const table = newTable();
    const texts = [
      `CREATE TABLE ${table} (text text); -- a comment; with a semicolon and an apostrophe's
       INSERT INTO ${table} VALUES ('a;b''c'), ($m0$d;$m1$e$m0$), ($$f$m2$$);
       CREATE FUNCTION ${table}_f() RETURNS text LANGUAGE plpgsql AS $function$
       BEGIN
         PERFORM 1;
         RETURN $x$;$x$;
       END $function$;`,
      `DO $$ BEGIN INSERT INTO ${table} VALUES ('g'); END $$; /* $m */`,
      `INSERT INTO ${table} SELECT ${table}_f() -- ends in $`,
      `CREATE VIEW ${table}_v AS SELECT 'h' AS ends_in$m0`,
    ];
    await migrate(database, files(...texts));
    const rows = await database.query<{ text: string }>(
      sql`SELECT text FROM ${identifier(table)} ORDER BY text`,
    );
    expect(rows.map(({ text }) => text)).toEqual([';', "a;b'c", 'd;$m1$e', 'f$m2', 'g']);
    expect(await database.query(sql`SELECT * FROM ${identifier(`${table}_v`)}`)).toEqual([
      { ends_in$m0: 'h' },
    ]);
  });

  test('leaves nothing of a file that fails, keeps the ones before, tries none after it, and can be repeated', async () => {
    const [kept, undone, untried] = [newTable(), newTable(), newTable()];
    const migrations = files(
      `CREATE TABLE ${kept} (id int)`,
      `CREATE TABLE ${undone} (id int); SELECT 1/0;`,
      `CREATE TABLE ${untried} (id int)`,
    );
    await expect(migrate(database, migrations)).rejects.toThrow(MigrationError);
    expect(await Promise.all([kept, undone, untried].map(tableExists))).toEqual([true, false, false]);
    const states = await migrationStatus(database, migrations);
    expect(states.map(({ state }) => state)).toEqual(['applied', 'pending', 'pending']);
    const [first, second, third] = migrations as [Migration, Migration, Migration];
    const repaired = [first, { ...second, sql: `CREATE TABLE ${undone} (id int)` }, third];
    expect(await migrate(database, repaired)).toEqual([second.name, third.name]);
  });

  test('says which file failed and what PostgreSQL said, with detail, hint and line', async () => {
    const table = newTable();
    const failing = async (text: string) => {
      const [migration] = files(text) as [Migration];
      const error = await migrate(database, [migration]).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'MigrationError', migration: migration.name });
      return String((error as Error).message).replace(migration.name, 'NAME');
    };
    expect(await failing(`SELECT 1;\n\nSELECT nothing_here;`)).toBe(
      'migration NAME: column "nothing_here" does not exist; line 3',
    );
    expect(
      await failing(`CREATE TABLE ${table} (id int PRIMARY KEY); INSERT INTO ${table} VALUES (1), (1)`),
    ).toBe(
      `migration NAME: duplicate key value violates unique constraint "${table}_pkey"; detail: Key (id)=(1) already exists.`,
    );
    expect(await failing('SELECT lenght(1)')).toContain('; hint: No function matches');
  });

  test('refuses to go on when a landed file was edited, before it applies anything', async () => {
    const [landed, added] = files('SELECT 1', 'SELECT 2') as [Migration, Migration];
    await migrate(database, [landed]);
    const edited = [{ ...landed, sql: 'SELECT 10' }, added];
    await expect(migrate(database, edited)).rejects.toThrow(
      `migration ${landed.name}: the file differs from what was applied. Landed migrations are never edited`,
    );
    const states = await migrationStatus(database, edited);
    expect(states.map(({ state }) => state)).toEqual(['changed', 'pending']);
  });

  test('does not take the line ends of Windows for an edit', async () => {
    const [migration] = files('SELECT\n1') as [Migration];
    await migrate(database, [migration]);
    expect(await migrate(database, [{ ...migration, sql: 'SELECT\r\n1' }])).toEqual([]);
  });

  test.each(["0001_x'; DROP TABLE users; --", '1_x', '0001', '0001_X', '0001_x/../y'])(
    'refuses the name %j',
    async (name) => {
      await expect(migrate(database, [{ name, sql: 'SELECT 1' }])).rejects.toThrow(MigrationError);
    },
  );

  test('leaves no invalid index where a unique one cannot be, and builds it after the repair (CRN-09)', async () => {
    const table = newTable();
    const [first, second] = files(
      `CREATE TABLE ${table} (id int); INSERT INTO ${table} VALUES (1), (1)`,
      `CREATE UNIQUE INDEX CONCURRENTLY ${table}_key ON ${table} (id)`,
    ) as [Migration, Migration];
    const build = { ...second, name: `${second.name}_concurrently` };
    await expect(migrate(database, [first, build])).rejects.toThrow('Key (id)=(1) is duplicated');
    expect(await tableExists(`${table}_key`)).toBe(false);
    await database.query(sql`DELETE FROM ${identifier(table)}`);
    expect(await migrate(database, [first, build])).toEqual([build.name]);
  });

  test.each([
    'SELECT 1',
    'CREATE INDEX i ON t (a);',
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);',
    'CREATE INDEX CONCURRENTLY ON t (a);',
    'CREATE INDEX CONCURRENTLY i ON ONLY t (a);',
    'CREATE INDEX CONCURRENTLY "i" ON t (a);',
    'CREATE INDEX CONCURRENTLY i ON public.t (a);',
    'CREATE INDEX CONCURRENTLY i ON t (a); DROP TABLE t;',
    '-- CREATE INDEX CONCURRENTLY i ON t (a);',
  ])('refuses a file of that kind with %j in it before it applies anything (CRN-09)', async (text) => {
    const table = newTable();
    const [first, second] = files(`CREATE TABLE ${table} (id int)`, text) as [Migration, Migration];
    const build = { ...second, name: `${second.name}_concurrently` };
    await expect(migrate(database, [first, build])).rejects.toThrow(
      `migration ${build.name}: a file whose name ends in _concurrently holds exactly one statement`,
    );
    expect(await tableExists(table)).toBe(false);
  });

  test('says how a file is to be called that builds an index concurrently', async () => {
    const table = newTable();
    const migrations = files(`CREATE TABLE ${table} (id int)`, `CREATE INDEX CONCURRENTLY ON ${table} (id)`);
    await expect(migrate(database, migrations)).rejects.toThrow('ends in _concurrently.sql');
  });

  test('reports an unreachable database as it is', async () => {
    const nowhere = openDatabase('postgresql://test:test@127.0.0.1/test', 'http://127.0.0.1:1/sql');
    await expect(migrate(nowhere, files('SELECT 1'))).rejects.toThrow('Error connecting to database');
  });
});

describe('migrationStatus', () => {
  test('lists the real files, all applied, in order, with the time', async () => {
    const migrations = await readMigrations('migrations');
    const states = await migrationStatus(database, migrations);
    expect(states.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name).toSorted());
    for (const { state, appliedAt } of states) {
      expect(state).toBe('applied');
      expect(appliedAt?.getTime()).toBeGreaterThan(Date.now() - 3_600_000);
    }
  });

  test('changes nothing in an empty database', async () => {
    await database.query(sql`ALTER TABLE schema_migrations RENAME TO schema_migrations_aside`);
    try {
      const [migration] = files('SELECT 1') as [Migration];
      expect(await migrationStatus(database, [migration])).toEqual([
        { name: migration.name, state: 'pending', appliedAt: null },
      ]);
      expect(await tableExists('schema_migrations')).toBe(false);
    } finally {
      await database.query(sql`ALTER TABLE schema_migrations_aside RENAME TO schema_migrations`);
    }
  });
});

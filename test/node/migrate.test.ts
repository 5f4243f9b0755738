import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { openDatabase } from '../../tools/node-database.ts';
import { copyProject } from '../support/node/copy-project.ts';
import { freshDatabase } from '../support/node/fresh-database.ts';
import { runTool } from '../support/node/run-tool.ts';
import { directUrlOf, openSession } from '../support/node/server-connection.ts';
import { test as testRace } from '../support/races.ts';
import { slowRace } from '../support/slow.ts';

// A copy, so that the developer's own .dev.vars plays no part and migrations can be added.
const { folder, remove } = await copyProject();
afterAll(remove);

const url = (await freshDatabase()).replace('test:test', 'test:the-password');
const environment = { DATABASE_URL: url, DATABASE_HTTP_ENDPOINT: inject('databaseEndpoint') };

async function migrate(args: readonly string[], variables: Record<string, string> = environment) {
  const tool = runTool({ folder, args: ['tools/migrate.ts', ...args], environment: variables });
  const code = await tool.ended;
  expect(tool.output()).not.toContain('the-password');
  return { code, output: tool.output() };
}

describe('npm run migrate', () => {
  test('lists what it applies, and says so when there is nothing to do', async () => {
    await writeFile(join(folder, 'migrations', '9000_added.sql'), 'CREATE TABLE added (id int);');
    expect(await migrate(['--status'])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^pending {2}9000_added$/m),
    });
    expect(await migrate([])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^applied 9000_added$/m),
    });
    expect(await migrate([])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^already up to date$/m),
    });
    const status = await migrate(['--status']);
    expect(status.output).toMatch(/^applied {2}9000_added {2}\d{4}-\d\d-\d\dT/m);
    expect(status.output).toMatch(/^applied {2}0001_earlier_schema /m);
  });

  testRace(
    'builds an index over a connection to the server that DATABASE_DIRECT_URL names, and says why it cannot (CRN-09)',
    async () => {
      const path = join(folder, 'migrations', '9004_added_idx_concurrently.sql');
      await writeFile(path, 'CREATE INDEX CONCURRENTLY users_name_idx ON users (name);');
      const nobody = 'postgresql://test:the-password@127.0.0.1:9/test';
      expect(await migrate([], { ...environment, DATABASE_DIRECT_URL: nobody })).toMatchObject({
        code: 1,
        output: expect.stringMatching(
          /^migration 9004_added_idx_concurrently: this file needs a direct connection, and 127\.0\.0\.1:9 gives none: .*ECONNREFUSED/m,
        ),
      });
      expect(await migrate(['--status'])).toMatchObject({
        output: expect.stringMatching(/^pending {2}9004_added_idx_concurrently$/m),
      });
      const direct = { ...environment, DATABASE_DIRECT_URL: directUrlOf(url) };
      expect(await migrate([], direct)).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^applied 9004_added_idx_concurrently$/m),
      });
      expect(await migrate(['--status'])).toMatchObject({
        output: expect.stringMatching(/^applied {2}9004_added_idx_concurrently {2}\d{4}-/m),
      });
      await rm(path);
    },
  );

  slowRace(
    'that is killed while an index is built leaves no process behind, and the next run begins again (CRN-09)',
    { timeout: 60_000 },
    async () => {
      const path = join(folder, 'migrations', '9006_killed_idx_concurrently.sql');
      await writeFile(path, 'CREATE INDEX CONCURRENTLY users_killed_idx ON users (name);');
      const session = await openSession(url);
      await session.query('BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE');
      const direct = { ...environment, DATABASE_DIRECT_URL: directUrlOf(url) };
      const killed = runTool({ folder, args: ['tools/migrate.ts'], environment: direct });
      // Not in the transaction, which would see it as it first was.
      const building = async () => {
        const builds = await openDatabase(url, environment.DATABASE_HTTP_ENDPOINT).query(
          sql`SELECT FROM pg_stat_progress_create_index p JOIN pg_index i ON i.indexrelid = p.index_relid
            WHERE p.relid = 'users'::regclass`,
        );
        return builds.length;
      };
      await expect.poll(building, { timeout: 10_000 }).toBe(1);
      killed.process.kill('SIGKILL');
      await expect.poll(building, { timeout: 10_000 }).toBe(0);
      await session.query('COMMIT');
      // As a minute later.
      await session.query('UPDATE schema_migration_leases SET expires_at = now()');
      const { code, output } = await migrate([], direct);
      expect(output).toMatch(/^9006_killed_idx_concurrently: drops the invalid index users_killed_idx/m);
      expect(output).toMatch(/^applied 9006_killed_idx_concurrently$/m);
      expect(code).toBe(0);
      await rm(path);
    },
  );

  slowRace('says when a table is held, and goes on when it is free (CRN-09)', async () => {
    const path = join(folder, 'migrations', '9005_held.sql');
    await writeFile(path, 'ALTER TABLE users ADD COLUMN held int;');
    const session = await openSession(url);
    await session.query('BEGIN; SELECT FROM users');
    const held = runTool({ folder, args: ['tools/migrate.ts'], environment });
    await expect
      .poll(held.output, { timeout: 10_000 })
      .toMatch(/^9005_held: try 1 of 10 was not given a lock: canceling statement due to lock timeout/m);
    await session.query('ROLLBACK');
    expect(await held.ended).toBe(0);
    expect(held.output()).toMatch(/^applied 9005_held$/m);
    await rm(path);
  });

  test.each([
    [
      'the owner of the tables is somebody else',
      { sqlstate: '42501' },
      'Migrations need the owner of the tables.',
    ],
    ['the connection breaks', 'refuse', 'The database cannot be reached at'],
    ['PostgreSQL refuses it', { sqlstate: '23505', detail: 'a canary' }, '; detail: a canary'],
  ])('names the file that was not applied where %s, and those before it', async (_what, fault, expected) => {
    for (const name of ['9002_kept', '9003_refused']) {
      await writeFile(join(folder, 'migrations', `${name}.sql`), 'SELECT 1;');
    }
    // Two statements ask what is applied, and one applies each file.
    const faults = await fetch(`${inject('controlUrl')}/faults`, {
      method: 'POST',
      body: JSON.stringify({ plan: ['pass', 'pass', 'pass', fault] }),
    });
    const { endpoint } = (await faults.json()) as { endpoint: string };
    const { code, output } = await migrate([], { ...environment, DATABASE_HTTP_ENDPOINT: endpoint });
    expect(code).toBe(1);
    expect(output).toMatch(/^applied 9002_kept$/m);
    expect(output).toContain('migration 9003_refused: ');
    expect(output).toContain(expected);
    const [, cause] = output.split('migration 9003_refused: ');
    expect(cause?.trimEnd().split('\n')).toHaveLength(1);
    for (const name of ['9002_kept', '9003_refused']) await rm(join(folder, 'migrations', `${name}.sql`));
    await openDatabase(url, environment.DATABASE_HTTP_ENDPOINT).query(
      sql`DELETE FROM schema_migrations WHERE name IN ('9002_kept', '9003_refused')`,
    );
  });

  test('explains itself', async () => {
    expect(await migrate(['--help'], {})).toMatchObject({
      code: 0,
      output: expect.stringContaining('--status'),
    });
  });

  test.each([
    ['no DATABASE_URL', {}, 'DATABASE_URL is not set'],
    [
      'something else in DATABASE_DIRECT_URL',
      { ...environment, DATABASE_DIRECT_URL: 'the-password' },
      'DATABASE_DIRECT_URL must have the form postgresql://',
    ],
    ['something else in DATABASE_URL', { DATABASE_URL: 'the-password' }, 'must have the form postgresql://'],
    [
      'nobody at the endpoint',
      { ...environment, DATABASE_HTTP_ENDPOINT: 'http://127.0.0.1:9/sql' },
      'cannot be reached at http://127.0.0.1:9/sql',
    ],
    [
      'a database that does not exist',
      { ...environment, DATABASE_URL: 'postgresql://test:the-password@127.0.0.1/absent' },
      'There is no database "absent"',
    ],
  ])('with %s fails and says what to do', async (_, variables, expected) => {
    expect(await migrate([], variables)).toMatchObject({
      code: 1,
      output: expect.stringContaining(expected),
    });
  });

  test('takes both variables from .dev.vars, but never one from there and the other from the environment', async () => {
    const path = join(folder, '.dev.vars');
    await writeFile(
      path,
      `DATABASE_URL=${url}\nDATABASE_HTTP_ENDPOINT=${environment.DATABASE_HTTP_ENDPOINT}\n`,
    );
    try {
      expect(await migrate([], {})).toMatchObject({
        code: 0,
        output: expect.stringContaining('from .dev.vars'),
      });
      expect(await migrate(['--no-dev-vars'], {})).toMatchObject({ code: 1 });
      const mixed = await migrate([], { DATABASE_URL: 'postgresql://test:the-password@db.invalid/x' });
      expect(mixed).toMatchObject({
        code: 1,
        output: expect.stringContaining('cannot be reached at db.invalid'),
      });
    } finally {
      await rm(path);
    }
  });
});

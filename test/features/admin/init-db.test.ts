import { beforeEach, describe, expect, test } from 'vitest';
import { readBundledMigrations } from '../../../src/db/bundled-migrations.ts';
import { sql } from '../../../src/db/sql.ts';
import { databaseState } from '../../contract/database-state.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { untilAsleep } from '../../races/until-asleep.ts';
import { registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint, freshDatabase, openDatabase } from '../../support/database.ts';
import { test as racesTest } from '../../support/races.ts';

const path = '/api/admin/init-db';
const files = import.meta.glob<string>('../../../migrations/*', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const names = Object.keys(files).map((file) => /(\d{4}_\w+)\.sql$/.exec(file)?.[1] ?? file);

let url: string;
let client: TestClient;

beforeEach(async () => {
  url = await freshDatabase();
  client = new TestClient({ DATABASE_URL: url });
});

async function emptyDatabase(): Promise<void> {
  await openDatabase(url).batch([sql`DROP SCHEMA public CASCADE`, sql`CREATE SCHEMA public`]);
}

describe('the bundled migrations', () => {
  test('are exactly the files of the migrations folder, byte for byte', async () => {
    const bundled = await readBundledMigrations();
    expect(bundled.map(({ name }) => name)).toEqual(names.toSorted());
    expect(bundled.map(({ sql: text }) => text)).toEqual(
      Object.keys(files)
        .toSorted()
        .map((file) => files[file]),
    );
  });
});

describe('POST /api/admin/init-db', () => {
  test('applies what is missing alone, and nothing when nothing is (IDM-02)', async () => {
    await openDatabase(url).batch([
      sql`DROP INDEX security_events_whole_address_idx`,
      sql`DELETE FROM schema_migrations WHERE name = '0007_event_retention'`,
    ]);
    expect((await client.post(path)).json).toEqual({ success: true, applied: ['0007_event_retention'] });
    const before = await databaseState(url);
    expect((await client.post(path)).json).toEqual({ success: true, applied: [] });
    expect(await databaseState(url)).toBe(before);
  });

  test('makes the whole schema in an empty database, each file once where it is called three times at once', async () => {
    await emptyDatabase();
    const answers = await Promise.all([1, 2, 3].map(() => client.post(path)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.flatMap(({ json }) => json.applied).toSorted()).toEqual(names.toSorted());
    await registerUser(client);
  });

  racesTest(
    'is 503 while somebody holds a table that a file changes, and a repeat applies it (CRN-09)',
    async () => {
      recordLog();
      await openDatabase(url).batch([
        sql`DROP INDEX security_events_whole_address_idx`,
        sql`DELETE FROM schema_migrations WHERE name = '0007_event_retention'`,
      ]);
      const held = openDatabase(url).batch([
        sql`LOCK TABLE security_events IN ACCESS EXCLUSIVE MODE`,
        sql`SELECT pg_sleep(3)`,
      ]);
      await untilAsleep(1, url);
      expectProblem(await client.post(path), 503, 'service_unavailable');
      await held;
      expect((await client.post(path)).json).toEqual({ success: true, applied: ['0007_event_retention'] });
    },
  );

  test('refuses a database in which a file was applied that is another one now, and changes nothing', async () => {
    const lines = recordLog();
    await openDatabase(url).query(
      sql`UPDATE schema_migrations SET checksum = 'other' WHERE name = '0003_sessions'`,
    );
    const before = await databaseState(url);
    expectProblem(await client.post(path), 500, 'internal_error');
    expect(await databaseState(url)).toBe(before);
    expect(lines.join()).toContain('migration 0003_sessions: the file differs from what was applied');
  });

  // After none it is the 503 of every route: test/contract/database-failures.test.ts.
  test.each([1, 2])(
    'is 503 when the database fails after %i answers, and a repeat does the rest',
    async (answers) => {
      recordLog();
      await emptyDatabase();
      const faulty = await faultyEndpoint([...Array(answers).fill('pass'), 'refuse']);
      const behind = new TestClient({ DATABASE_URL: url, DATABASE_HTTP_ENDPOINT: faulty.endpoint });
      expectProblem(await behind.post(path), 503, 'service_unavailable');
      const { json } = await client.post(path);
      expect(json.applied).toEqual(names.toSorted().slice(answers - 1));
    },
  );
});

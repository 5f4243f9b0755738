import { expect, inject } from 'vitest';
import { type Migration, migrate } from '../../src/db/migrations.ts';
import { sql } from '../../src/db/sql.ts';
import { openDatabase } from '../../tools/node-database.ts';
import { freshDatabase } from '../support/node/fresh-database.ts';
import { test } from '../support/races.ts';

const database = openDatabase(await freshDatabase(), inject('databaseEndpoint'));

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

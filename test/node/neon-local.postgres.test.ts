import { randomUUID } from 'node:crypto';
import { neon, neonConfig } from '@neondatabase/serverless';
import { expect, inject, onTestFinished } from 'vitest';
import { openPostgres } from '../../tools/neon-local/postgres-backend.ts';
import { startNeonLocal } from '../../tools/neon-local/server.ts';
import { freshServerDatabase } from '../support/node/fresh-database.ts';
import { test } from '../support/races.ts';

const url = await freshServerDatabase();
const serverUrl = inject('serverUrl') ?? '';
neonConfig.fetchEndpoint = inject('databaseEndpoint');
const sql = neon(url);

/** Lets the driver ask a server of this test's own until the test ends. */
async function serve(options: Parameters<typeof openPostgres>[0]): Promise<void> {
  const server = await startNeonLocal({ backend: openPostgres(options) });
  neonConfig.fetchEndpoint = server.url;
  onTestFinished(async () => {
    neonConfig.fetchEndpoint = inject('databaseEndpoint');
    await server.close();
  });
}

test('a session that the server ends is reported and never used again', async () => {
  const killed = sql`SELECT pg_terminate_backend(pg_backend_pid())`.catch((error: unknown) => error);
  expect(await killed).toMatchObject({ code: '57P01', severity: 'FATAL' });
  expect(await sql`SELECT 1 AS alive`).toEqual([{ alive: 1 }]);
});

test('sixty requests run at once', async () => {
  // Each waits until it sees all sixty inside, and gives up after ten seconds.
  const meeting = () => sql`DO $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(4711001);
    FOR attempt IN 1..1000 LOOP
      IF (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711001) = 60 THEN
        PERFORM pg_sleep(0.2);
        RETURN;
      END IF;
      PERFORM pg_sleep(0.01);
    END LOOP;
    RAISE EXCEPTION 'the others did not arrive';
  END $$`;
  await Promise.all(Array.from({ length: 60 }, meeting));
}, 20_000);

test('a statement runs to its end after its caller has gone', async () => {
  await sql`CREATE TABLE IF NOT EXISTS neon_local_abandoned (id uuid)`;
  const id = randomUUID();
  const hurried = neon(url, { fetchOptions: { signal: AbortSignal.timeout(100) } });
  const abandoned = hurried`INSERT INTO neon_local_abandoned SELECT ${id}::uuid FROM pg_sleep(0.4)`;
  await expect(abandoned).rejects.toThrow('Error connecting to database');
  const written = () => sql`SELECT id FROM neon_local_abandoned WHERE id = ${id}`;
  expect(await written()).toEqual([]);
  await expect.poll(written, { timeout: 5000 }).toEqual([{ id }]);
});

test('requests wait in line when all sessions are in use, also those for another database', async () => {
  await serve({ serverUrl, connectionsMax: 2 });
  const other = neon('postgresql://test:test@127.0.0.1/postgres');
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, n) => {
      const database = n % 2 === 0 ? sql : other;
      return database`SELECT ${n}::int AS n, pg_sleep(0.01)::text AS slept`;
    }),
  );
  expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 12 }, (_, n) => n));
});

test('a session that keeps statements answers as others do, after failures too', async () => {
  await serve({ serverUrl, connectionsMax: 1, keepsStatements: true });
  const divide = (by: number) => sql`SELECT 12 / ${by}::int AS result`;
  const failed = { code: '22012' };
  for (const _ of [1, 2, 3]) await expect(divide(0)).rejects.toMatchObject(failed);
  for (const by of [1, 2, 3]) expect(await divide(by)).toEqual([{ result: 12 / by }]);
  await expect(divide(0)).rejects.toMatchObject(failed);
  expect(await divide(4)).toEqual([{ result: 3 }]);
  const broken = () => sql`SELECT no_such_column`;
  for (const _ of [1, 2, 3]) await expect(broken()).rejects.toMatchObject({ code: '42703' });
  expect(await sql`SELECT from_sql FROM pg_prepared_statements WHERE statement LIKE 'SELECT 12%'`).toEqual([
    { from_sql: false },
  ]);
});

test('a server that is not there is a 500', async () => {
  await serve({ serverUrl: 'postgresql://nobody@127.0.0.1:1/postgres' });
  await expect(sql`SELECT 1`).rejects.toThrow(/HTTP status 500.*ECONNREFUSED/);
});

test('a log-in that is refused is a 400 with its SQLSTATE', async () => {
  const wrong = new URL(serverUrl);
  wrong.username = 'nobody_of_that_name';
  await serve({ serverUrl: wrong.href });
  await expect(sql`SELECT 1`).rejects.toMatchObject({ code: expect.stringMatching(/^28/) });
});

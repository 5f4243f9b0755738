import { randomUUID } from 'node:crypto';
import { neon, neonConfig } from '@neondatabase/serverless';
import { expect, inject } from 'vitest';
import { openPostgres } from '../../tools/neon-local/postgres-backend.ts';
import { startNeonLocal } from '../../tools/neon-local/server.ts';
import { freshDatabase } from '../support/node/fresh-database.ts';
import { test } from '../support/races.ts';

const url = await freshDatabase();
const serverUrl = inject('serverUrl') ?? '';
neonConfig.fetchEndpoint = inject('databaseEndpoint');
const sql = neon(url);

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
  const backend = openPostgres({ serverUrl, connectionsMax: 2 });
  const server = await startNeonLocal({ backend });
  neonConfig.fetchEndpoint = server.url;
  try {
    const other = neon('postgresql://test:test@127.0.0.1/postgres');
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => {
        const database = n % 2 === 0 ? sql : other;
        return database`SELECT ${n}::int AS n, pg_sleep(0.01)::text AS slept`;
      }),
    );
    expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 12 }, (_, n) => n));
  } finally {
    await server.close();
    neonConfig.fetchEndpoint = inject('databaseEndpoint');
  }
});

test('a session that keeps statements answers as others do, after failures too', async () => {
  const backend = openPostgres({ serverUrl, connectionsMax: 1, keepsStatements: true });
  const server = await startNeonLocal({ backend });
  neonConfig.fetchEndpoint = server.url;
  try {
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
  } finally {
    await server.close();
    neonConfig.fetchEndpoint = inject('databaseEndpoint');
  }
});

test('a server that is not there is a 500', async () => {
  const server = await startNeonLocal({
    backend: openPostgres({ serverUrl: 'postgresql://nobody@127.0.0.1:1/postgres' }),
  });
  neonConfig.fetchEndpoint = server.url;
  try {
    await expect(sql`SELECT 1`).rejects.toThrow(/HTTP status 500.*ECONNREFUSED/);
  } finally {
    await server.close();
    neonConfig.fetchEndpoint = inject('databaseEndpoint');
  }
});

test('a log-in that is refused is a 400 with its SQLSTATE', async () => {
  const wrong = new URL(serverUrl);
  wrong.username = 'nobody_of_that_name';
  const server = await startNeonLocal({ backend: openPostgres({ serverUrl: wrong.href }) });
  neonConfig.fetchEndpoint = server.url;
  try {
    await expect(sql`SELECT 1`).rejects.toMatchObject({ code: expect.stringMatching(/^28/) });
  } finally {
    await server.close();
    neonConfig.fetchEndpoint = inject('databaseEndpoint');
  }
});

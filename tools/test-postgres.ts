import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startPostgres } from './postgres/start-postgres.ts';
import { stopProcess } from './stop-process.ts';

// `npm run test:postgres`: the whole suite and the race suites against TEST_DATABASE_URL, or else a server of our own.

const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
const interruptedCode = 130;

process.exitCode = await main();

async function main(): Promise<number> {
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const givenUrl = process.env.TEST_DATABASE_URL;
  if (givenUrl !== undefined) return runTests(givenUrl, interrupted);
  const server = await startPostgres();
  try {
    return await runTests(server.url, interrupted);
  } finally {
    await server.close();
  }
}

async function runTests(serverUrl: string, interrupted: Promise<void>): Promise<number> {
  const prefix = `nexora_test_${randomBytes(4).toString('hex')}`;
  const tests = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
    // In a group of its own, for vitest ends on Ctrl-C without ending what it has started.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TEST_DATABASE_URL: serverUrl, TEST_DATABASE_PREFIX: prefix },
  });
  const ended = once(tests, 'close') as Promise<[number | null]>;
  const code = await Promise.race([ended.then(([exitCode]) => exitCode), interrupted]);
  await stopProcess(tests, [{ signal: 'SIGTERM', waitMs: 2000 }]);
  await dropDatabases(serverUrl, prefix);
  return code ?? interruptedCode;
}

/** An interrupted run leaves its databases behind, on a server that may not be ours. */
async function dropDatabases(serverUrl: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    'SELECT quote_ident(datname) AS name FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of rows) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await client.end();
}

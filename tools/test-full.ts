import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

// `npm run test:full`: what `npm test` leaves out. Every route with every case and long races on PostgreSQL, in an order
// that changes from run to run; then the suite, but for what needs many connections, on PGlite, which `npm run dev` uses.

const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));

const runs: readonly { readonly options: readonly string[]; readonly variables: NodeJS.ProcessEnv }[] = [
  {
    options: ['--sequence.shuffle.files', '--sequence.shuffle.tests'],
    variables: { TEST_SUITE: 'full' },
  },
  { options: [], variables: { TEST_DATABASE: 'pglite', TEST_DATABASE_URL: undefined } },
];
let isInterrupted = false;

for (const { options, variables } of runs) {
  const tests = spawn(process.execPath, [vitest, 'run', ...options, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, ...variables },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      isInterrupted = true;
      tests.kill(signal);
    });
  const [code] = (await once(tests, 'close')) as [number | null];
  process.exitCode ||= code ?? 1;
  if (isInterrupted) break;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

// `npm run test:full`: what `npm test` leaves out. Every route with every case and long races on PostgreSQL, in an order
// that changes from run to run; then everything that one connection can do on PGlite, which `npm run dev` uses.

const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));

const runs: readonly { readonly options: readonly string[]; readonly variables: Record<string, string> }[] = [
  {
    options: ['--sequence.shuffle.files', '--sequence.shuffle.tests'],
    variables: { TEST_SUITE: 'full' },
  },
  { options: [], variables: { TEST_DATABASE: 'pglite' } },
];

for (const { options, variables } of runs) {
  const tests = spawn(process.execPath, [vitest, 'run', ...options, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, ...variables },
  });
  const [code] = (await once(tests, 'close')) as [number | null];
  process.exitCode ||= code ?? 1;
}

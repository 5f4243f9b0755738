import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// `npm run test:browser`: tests the pages in a real Chromium, that of CHROMIUM_PATH or an installed one.

const usualPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const chromium = process.env.CHROMIUM_PATH ?? usualPaths.find((path) => existsSync(path));
if (chromium === undefined || !existsSync(chromium)) {
  console.error(
    'There is no Chromium here: install one (Debian: apt-get install chromium) or set CHROMIUM_PATH.',
  );
  process.exitCode = 1;
} else {
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
  const tests = spawn(process.execPath, [vitest, 'run', '--project', 'browser', ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, CHROMIUM_PATH: chromium },
  });
  tests.on('close', (code) => {
    process.exitCode = code ?? 1;
  });
}

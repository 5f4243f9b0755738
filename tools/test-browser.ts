import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findChromium, noChromium } from './find-chromium.ts';

// `npm run test:browser`: tests the pages in a real Chromium, that of CHROMIUM_PATH or an installed one.

const chromium = findChromium();
if (chromium === undefined) {
  console.error(noChromium);
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

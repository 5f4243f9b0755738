import { existsSync } from 'node:fs';

const usualPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** What to say where there is none. */
export const noChromium =
  'There is no Chromium here: install one (Debian: apt-get install chromium) or set CHROMIUM_PATH.';

/** Finds that of CHROMIUM_PATH or an installed one; undefined for none. */
export function findChromium(): string | undefined {
  const paths = process.env.CHROMIUM_PATH === undefined ? usualPaths : [process.env.CHROMIUM_PATH];
  return paths.find((path) => existsSync(path));
}

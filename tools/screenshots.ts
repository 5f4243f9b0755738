import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startPageService } from '../test/support/node/page-service.ts';
import { tourPages } from '../test/support/node/page-tour.ts';
import { openVisitor } from '../test/support/node/visitor.ts';
import { findChromium, noChromium } from './find-chromium.ts';
import { projectFolder } from './project.ts';

// `npm run screenshots`: makes the pictures of the pages in docs/pages, <page>-<desktop|phone>.jpg, and two of them in dark.
// It starts a service of its own in a copy of the project and needs a Chromium, as `npm run test:browser` does.

const folder = join(projectFolder, 'docs', 'pages');
const sizes = { desktop: { width: 1100, height: 760 }, phone: { width: 390, height: 844 } };
const names = new Set([
  ...['login', 'register', 'register-refused', 'forgot-password', 'forgot-password-sent', 'check-your-mail'],
  ...['two-factor', 'verify-email', 'reset-password', 'confirm-email', 'revert-email', 'not-me', 'unlock'],
  ...['keep-two-factor', 'account', 'sessions', 'security', 'two-factor-setup', 'backup-codes'],
  ...['reauthenticate', 'delete', 'logout', 'onward', 'dev-outbox-full'],
]);
const inDark = new Set(['login-desktop', 'security-phone']);
const emails = {
  unknown: 'ada@example.org',
  own: 'ada@example.com',
  changed: 'lovelace@example.com',
  forgetful: 'grace@example.com',
  ofProvider: 'mary@example.com',
};

process.exitCode = await main();

async function main(): Promise<number> {
  const chromium = findChromium();
  if (chromium === undefined) {
    console.error(noChromium);
    return 1;
  }
  process.env.CHROMIUM_PATH = chromium;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const service = await startPageService({
    port: 24_787,
    variables: async () => ({ BRAND_NAME: 'Nexora' }),
  });
  try {
    console.log(`${await takePictures(service)} pictures in ${folder}`);
    return 0;
  } finally {
    await service.stop();
  }
}

async function takePictures(service: Awaited<ReturnType<typeof startPageService>>): Promise<number> {
  const visitor = await openVisitor(service);
  const { page } = visitor;
  let count = 0;
  let bytes = 0;
  const take = async (file: string) => {
    const path = join(folder, `${file}.jpg`);
    await page.screenshot({ path, type: 'jpeg', quality: 60, fullPage: true });
    count++;
    bytes += (await stat(path)).size;
  };
  const look = async (name: string) => {
    if (!names.has(name)) return;
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: 'light' });
      await take(`${name}-${size}`);
      if (!inDark.has(`${name}-${size}`)) continue;
      await page.emulateMedia({ colorScheme: 'dark' });
      await take(`${name}-${size}-dark`);
    }
  };
  await tourPages(service, visitor, look, emails);
  console.log(`${Math.round(bytes / 1024)} KiB`);
  return count;
}

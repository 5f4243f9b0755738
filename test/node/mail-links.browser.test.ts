import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LinkMailKind, linkPaths } from '../../src/mail/mail-kind.ts';
import { findFreePort } from '../../tools/free-port.ts';
import { copyProject } from '../support/node/copy-project.ts';
import { type RunningTool, runTool } from '../support/node/run-tool.ts';
import { untilReady } from '../support/node/until-ready.ts';

// What only a browser can say: whether it sends the form of a page under the page's own policies, and keeps the cookies.

const firstPassword = 'correct horse battery staple';
const secondPassword = 'a heron over the still canal';

let origin: string;
let service: RunningTool;
let browser: Browser;
let removeFolder: () => Promise<void>;

beforeAll(async () => {
  const { folder, remove } = await copyProject();
  removeFolder = remove;
  const port = await findFreePort(28_787);
  origin = `http://localhost:${port}`;
  service = runTool({ folder, args: ['tools/dev/main.ts', '--port', String(port)] });
  await untilReady(service);
  // A browser started as root has no sandbox; it visits nothing but the service.
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  service?.process.kill('SIGTERM');
  await service?.ended;
  await removeFolder?.();
});

/** A person with a browser of their own, who notes what their browser complains about. */
async function visit(options: Parameters<Browser['newContext']>[0] = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { context, page, complaints };
}

function freshEmail(): string {
  return `user-${crypto.randomUUID()}@example.com`;
}

/** Calls the API the way an application's page does, with the browser's cookies. */
async function call(context: BrowserContext, path: string, data: Record<string, string>): Promise<number> {
  const answer = await context.request.post(`${origin}${path}`, { data, headers: { Origin: origin } });
  return answer.status();
}

async function register(context: BrowserContext, email: string): Promise<void> {
  const data = { email, name: 'Test User', password: firstPassword, confirmPassword: firstPassword };
  expect(await call(context, '/api/auth/register', data)).toBe(201);
}

/** Opens the newest mail of this kind to the address in the development outbox, and follows the link in it. */
async function followLink(page: Page, email: string, kind: LinkMailKind): Promise<void> {
  const path = linkPaths[kind];
  await page.goto(`${origin}/dev/outbox`);
  await page
    .getByRole('listitem')
    .filter({ hasText: `to ${email}, ${kind}` })
    .first()
    .getByRole('link')
    .click();
  await page.getByRole('link', { name: 'Follow the link' }).click();
  await page.waitForURL((url) => url.pathname === path);
}

async function me(context: BrowserContext) {
  const answer = await context.request.get(`${origin}/api/auth/me`);
  return answer.json();
}

describe('in Chromium', { timeout: 60_000 }, () => {
  test('a new user verifies the address with the link and their password (CSR-03, RST-09)', async () => {
    const email = freshEmail();
    await register((await visit()).context, email);
    const { context, page, complaints } = await visit();
    await followLink(page, email, 'verify_email');
    // The token has left the address bar, and with it the history.
    expect(page.url()).toBe(`${origin}/auth/verify-email`);

    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await page.getByLabel('Password').fill(firstPassword);
    await page.getByRole('main').getByRole('button').click();
    const headers = await (await sent).allHeaders();
    expect(headers.origin).toBe(origin);
    expect(headers['sec-fetch-site']).toBe('same-origin');
    await page.getByRole('heading', { name: 'Address confirmed' }).waitFor();

    const { user, success } = await me(context);
    expect([success, user.email, user.emailVerified]).toEqual([true, email, true]);
    expect(complaints).toEqual([]);
    // A second try says why it did not work.
    await followLink(page, email, 'verify_email');
    await page.getByRole('main').getByRole('button').click();
    await page.getByText('This link is no longer valid.').waitFor();
  });

  test('somebody who is signed in needs no password to verify', async () => {
    const { context, page, complaints } = await visit();
    const email = freshEmail();
    await register(context, email);
    await followLink(page, email, 'verify_email');
    expect(await page.getByLabel('Password').count()).toBe(0);
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('heading', { name: 'Address confirmed' }).waitFor();
    expect((await me(context)).user.emailVerified).toBe(true);
    expect(complaints).toEqual([]);
  });

  test('a forgotten password is replaced, and the new one signs in', async () => {
    const { context, page, complaints } = await visit();
    const email = freshEmail();
    await register(context, email);
    expect(await call(context, '/api/auth/password/forgot', { email })).toBe(202);
    await followLink(page, email, 'reset_password');

    await page.getByLabel('New password', { exact: false }).first().fill(secondPassword);
    await page.getByLabel('Repeat').fill(`${secondPassword}!`);
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('alert').filter({ hasText: 'The two passwords differ.' }).waitFor();
    await page.getByLabel('New password', { exact: false }).first().fill(secondPassword);
    await page.getByLabel('Repeat').fill(secondPassword);
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('heading', { name: 'Password changed' }).waitFor();

    expect((await me(context)).code).toBe('unauthenticated');
    expect(await call(context, '/api/auth/login', { email, password: firstPassword })).toBe(401);
    expect(await call(context, '/api/auth/login', { email, password: secondPassword })).toBe(200);
    // Chromium reports every answer of 400 and above on the console.
    expect(complaints.filter((text) => !text.includes('status of 400'))).toEqual([]);
  });

  test('everything works without JavaScript, and in German', async () => {
    const email = freshEmail();
    await register((await visit()).context, email);
    const { context, page } = await visit({ javaScriptEnabled: false, locale: 'de-DE' });
    expect(await call(context, '/api/auth/password/forgot', { email })).toBe(202);
    await followLink(page, email, 'reset_password');
    const fields = page.locator('input[type=password]');
    await fields.first().fill(secondPassword);
    await fields.last().fill(secondPassword);
    await page.getByRole('main').getByRole('button', { name: 'Neues Passwort' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    expect(await call(context, '/api/auth/login', { email, password: secondPassword })).toBe(200);
  });

  test('whoever does not know a sign-in ends it, and gets a mail for a new password', async () => {
    const owner = await visit();
    const email = freshEmail();
    await register(owner.context, email);
    const stranger = await visit();
    expect(await call(stranger.context, '/api/auth/login', { email, password: firstPassword })).toBe(200);
    await followLink(owner.page, email, 'new_device');
    await owner.page.getByRole('main').getByRole('button').click();
    await owner.page.getByRole('heading', { name: 'Signed out everywhere' }).waitFor();
    expect((await me(stranger.context)).code).toBe('unauthenticated');
    await followLink(owner.page, email, 'reset_password');
    expect(owner.complaints).toEqual([]);
  });

  test('a lock is lifted by the link, for the browser that used it', async () => {
    const { context, page, complaints } = await visit();
    const email = freshEmail();
    await register((await visit()).context, email);
    const stranger = await visit();
    const lock = async () => {
      const wrong = { email, password: secondPassword };
      let status = 401;
      while (status === 401) status = await call(stranger.context, '/api/auth/login', wrong);
      expect(status).toBe(429);
    };
    await lock();
    await followLink(page, email, 'account_locked');
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('heading', { name: 'Account unlocked' }).waitFor();
    // Known by the link: whoever locks the account again does not lock this browser.
    await lock();
    expect(await call(context, '/api/auth/login', { email, password: firstPassword })).toBe(200);
    expect(complaints).toEqual([]);
  });

  test('a changed address is confirmed by its mail, and restored by the one to the old address', async () => {
    const { context, page, complaints } = await visit();
    const [email, newEmail] = [freshEmail(), freshEmail()];
    await register(context, email);
    expect(await call(context, '/api/auth/email/change', { newEmail })).toBe(202);
    await followLink(page, newEmail, 'confirm_email_change');
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('heading', { name: 'Address changed' }).waitFor();
    expect((await me(context)).user.email).toBe(newEmail);
    await followLink(page, email, 'email_changed');
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('heading', { name: 'Address restored' }).waitFor();
    expect((await me(context)).code).toBe('unauthenticated');
    await followLink(page, email, 'reset_password');
    expect(complaints).toEqual([]);
  });
});

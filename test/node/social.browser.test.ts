import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDevVars } from '../../tools/dev-vars.ts';
import { findFreePort } from '../../tools/free-port.ts';
import { type LocalIssuer, startLocalIssuer } from '../../tools/local-issuer/start-local-issuer.ts';
import { copyProject } from '../support/node/copy-project.ts';
import { type RunningTool, runTool } from '../support/node/run-tool.ts';
import { untilReady } from '../support/node/until-ready.ts';

// What only a browser can say: whether it goes to a provider and comes back under the pages' own policies, and which cookies
// it brings along. The service is at localhost and the issuers are at 127.0.0.1, which is another site to a browser.

let origin: string;
let service: RunningTool;
let byForm: LocalIssuer;
let browser: Browser;
let removeFolder: () => Promise<void>;

beforeAll(async () => {
  const { folder, remove } = await copyProject();
  removeFolder = remove;
  const port = await findFreePort(29_787);
  origin = `http://localhost:${port}`;
  await startByForm(folder);
  service = runTool({ folder, args: ['tools/dev/main.ts', '--port', String(port)] });
  await untilReady(service);
  // A browser started as root has no sandbox; it visits nothing but the service and its issuers.
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  service?.process.kill('SIGTERM');
  await service?.ended;
  await byForm?.stop();
  await removeFolder?.();
});

/** An issuer that sends people back by a form of its own, beside those of `npm run dev`. */
async function startByForm(folder: string): Promise<void> {
  const client = { clientId: 'nexora', clientSecret: randomBytes(32).toString('base64url') };
  const redirectUris = [`${origin}/api/auth/oauth/by-form/callback`];
  byForm = await startLocalIssuer({
    port: 0,
    name: 'Issuer by form',
    clients: [{ ...client, redirectUris }],
  });
  const provider = {
    ...{ id: 'by-form', name: 'Issuer by form', issuer: byForm.issuer, ...client },
    ...{ trustEmail: true, responseMode: 'form_post' },
  };
  const path = join(folder, '.dev.vars');
  await createDevVars(join(folder, '.dev.vars.example'), path);
  const text = await readFile(path, 'utf8');
  await writeFile(
    path,
    text.replace(/^OIDC_PROVIDERS=.*$/m, `OIDC_PROVIDERS='${JSON.stringify([provider])}'`),
  );
}

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
  const me = async () => (await context.request.get(`${origin}/api/auth/me`)).json();
  return { context, page, complaints, me };
}

/** The cookies of a request that has that of a visit to a provider and no other. */
const visitAlone = /^__Host-nexora_oauth_[\w-]+=[^;]+$/;

function freshEmail(): string {
  return `user-${crypto.randomUUID()}@example.com`;
}

/** Fills in the log-in page of an issuer, which leads back. */
async function logInThere(page: Page, issuer: string, email: string): Promise<void> {
  await page.getByRole('heading', { name: issuer, exact: true }).waitFor();
  expect(new URL(page.url()).hostname).toBe('127.0.0.1');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Name', { exact: true }).fill('Ada');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL((url) => url.origin === origin);
}

async function signIn(page: Page, issuer: string, email: string): Promise<void> {
  await page.goto(`${origin}/dev/sign-in`);
  await page.getByRole('link', { name: `Continue with ${issuer}`, exact: true }).click();
  await logInThere(page, issuer, email);
  await page.getByText(`The account of Ada, ${email}.`).waitFor();
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

function alertOf(page: Page) {
  return page.getByRole('alert').textContent();
}

describe('in Chromium', { timeout: 60_000 }, () => {
  test.each([
    { how: 'with JavaScript', javaScriptEnabled: true },
    { how: 'without JavaScript', javaScriptEnabled: false },
  ])(
    'a person signs in, links, removes and signs out on /dev/sign-in, $how',
    async ({ javaScriptEnabled }) => {
      const { page, complaints, me } = await visit({ javaScriptEnabled });
      const email = freshEmail();
      await signIn(page, 'Local issuer', email);
      const { user, session } = await me();
      expect(user).toMatchObject({ email, name: 'Ada', emailVerified: true, hasPassword: false });
      expect(session.method).toBe('local');

      await press(page, 'Link Second local issuer');
      await page.getByRole('link', { name: 'Continue to Second local issuer' }).click();
      const other = freshEmail();
      await logInThere(page, 'Second local issuer', other);
      await page.getByText(`Local issuer: ${email}, since`).first().waitFor();
      await page.getByText(`Second local issuer: ${other}, since`).waitFor();
      expect((await me()).user.email).toBe(email);

      await press(page, 'Remove Local issuer');
      await page.getByRole('button', { name: 'Link Local issuer', exact: true }).waitFor();
      expect(complaints).toEqual([]);
      await press(page, 'Remove Second local issuer');
      expect(await alertOf(page)).toContain('Set a password or link another provider first.');
      await page.getByText(`Second local issuer: ${other}, since`).waitFor();

      await press(page, 'Sign out');
      await page.getByRole('heading', { name: 'Sign in with a provider' }).waitFor();
      expect((await me()).code).toBe('unauthenticated');
      // Chromium reports every answer of 400 and above on the console.
      expect(complaints.filter((text) => !text.includes('status of 409'))).toEqual([]);
    },
  );

  test('a provider that posts its answer from its own site gets back the cookie of the visit alone (CKE-07)', async () => {
    const { page, complaints, me, context } = await visit();
    const posted = page.waitForRequest((request) =>
      request.url().endsWith('/api/auth/oauth/by-form/callback'),
    );
    const email = freshEmail();
    await signIn(page, 'Issuer by form', email);
    const headers = await (await posted).allHeaders();
    expect((await posted).method()).toBe('POST');
    expect(headers['sec-fetch-site']).toBe('cross-site');
    expect(headers.cookie).toMatch(visitAlone);
    expect((await me()).session.method).toBe('by-form');

    // Linked from a session, whose own cookies stay behind on the way back and are there again on the page.
    await press(page, 'Link Local issuer');
    await page.getByRole('link', { name: 'Continue to Local issuer' }).click();
    await logInThere(page, 'Local issuer', freshEmail());
    await press(page, 'Remove Issuer by form');
    await page.getByRole('button', { name: 'Link Issuer by form' }).waitFor();
    const again = page.waitForRequest((request) =>
      request.url().endsWith('/api/auth/oauth/by-form/callback'),
    );
    await press(page, 'Link Issuer by form');
    await page.getByRole('link', { name: 'Continue to Issuer by form' }).click();
    // The issuer knows its person still, and asks nothing.
    await page.getByText(`Issuer by form: ${email}, since`).waitFor();
    expect((await (await again).allHeaders()).cookie).toMatch(visitAlone);
    const left = (await context.cookies(origin)).map(({ name }) => name);
    expect(left.filter((name) => name.startsWith('__Host-nexora_oauth_'))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('who confirms at a provider is asked there although it knows them, and gets a new session', async () => {
    const { page, complaints, me } = await visit();
    const email = freshEmail();
    await signIn(page, 'Local issuer', email);
    const before = await me();
    await page.goto(`${origin}/dev/sign-in?error=reauthentication_required`);
    expect(await alertOf(page)).toContain('Confirm below who you are');
    // The code has left the address bar.
    expect(page.url()).toBe(`${origin}/dev/sign-in`);
    await press(page, 'Confirm at Local issuer');
    await page.getByRole('link', { name: 'Continue to Local issuer' }).click();
    await logInThere(page, 'Local issuer', email);
    await page.getByText(`The account of Ada, ${email}.`).waitFor();
    const after = await me();
    expect(after.user.id).toBe(before.user.id);
    expect(after.session.id).not.toBe(before.session.id);
    expect(complaints).toEqual([]);
  });

  test('who cancels at the provider is told so, and stays signed out', async () => {
    const { page, complaints, me } = await visit();
    await page.goto(`${origin}/dev/sign-in`);
    await page.getByRole('link', { name: 'Continue with Local issuer' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.waitForURL((url) => url.origin === origin);
    expect(await alertOf(page)).toContain('cancelled at the provider');
    expect(page.url()).toBe(`${origin}/dev/sign-in`);
    expect((await me()).code).toBe('unauthenticated');
    expect(complaints).toEqual([]);
  });
});

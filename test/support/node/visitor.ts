import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { type LinkMailKind, linkPaths } from '../../../src/mail/mail-kind.ts';
import type { PageService } from './page-service.ts';

export const password = 'correct horse battery staple';
export const otherPassword = 'a heron over the still canal';

/** Somebody with a browser of their own, who notes what their browser complains about. */
export interface Visitor {
  readonly origin: string;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** Opens a browser with no cookies. */
export async function openVisitor(
  { origin, browser }: PageService,
  options: BrowserContextOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // Chromium reports every answer of 400 and above on the console.
    if (/^Failed to load resource: .* status of 4\d\d /.test(message.text())) return;
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { origin, context, page, complaints };
}

export function freshEmail(): string {
  return `user-${crypto.randomUUID()}@example.com`;
}

export async function visit({ page, origin }: Visitor, path: string): Promise<void> {
  await page.goto(`${origin}${path}`);
}

/** Types into the fields with these labels. */
export async function fill({ page }: Visitor, values: Readonly<Record<string, string>>): Promise<void> {
  const main = page.getByRole('main');
  for (const [label, value] of Object.entries(values))
    await main.getByLabel(label, { exact: true }).fill(value);
}

/** Presses the button of this name on the page, not in its frame. */
export async function press({ page }: Visitor, name: string): Promise<void> {
  await page.getByRole('main').getByRole('button', { name, exact: true }).click();
}

/** Follows the link of this name, wherever it is. */
export async function follow({ page }: Visitor, name: string): Promise<void> {
  await page.getByRole('link', { name, exact: true }).click();
}

/** Waits for the page with this title. */
export async function see({ page }: Visitor, title: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
}

/** Waits until the page tells that this was done. */
export async function hear({ page }: Visitor, sentence: string): Promise<void> {
  await page.getByRole('status').filter({ hasText: sentence }).waitFor();
}

/** Waits until the page tells that this went wrong. */
export async function hearProblem({ page }: Visitor, sentence: string): Promise<void> {
  await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
}

/** The path on which the browser is, with its query. */
export function pathOf({ page, origin }: Visitor): string {
  return page.url().replace(origin, '');
}

/** The name of the field that has the focus; null for none. After a new page `seeFocus` waits for it. */
export function focusedField({ page }: Visitor): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.getAttribute('name') ?? null);
}

/** Waits until the field of this name has the focus: a browser gives it when it draws, which can be after it has loaded. */
export async function seeFocus({ page }: Visitor, name: string): Promise<void> {
  await page.locator(`[name="${name}"]:focus`).waitFor();
}

/** Makes an account by the page, and is signed in afterwards. */
export async function register(visitor: Visitor, email: string, path = '/register'): Promise<void> {
  await visit(visitor, path);
  await fill(visitor, {
    ...{ Name: 'Ada', 'E-mail address': email, Password: password, 'Repeat the password': password },
  });
  await press(visitor, 'Create account');
}

/** Fills in the sign-in page and sends it, wherever it leads. */
export async function signIn(visitor: Visitor, email: string, typed = password): Promise<void> {
  if (visitor.page.url().split('?')[0] !== `${visitor.origin}/login`) await visit(visitor, '/login');
  await fill(visitor, { 'E-mail address': email, Password: typed });
  await press(visitor, 'Sign in');
}

export async function signOut(visitor: Visitor): Promise<void> {
  await visit(visitor, '/logout');
  await press(visitor, 'Sign out');
  await hear(visitor, 'You are signed out.');
}

/** Opens the newest mail of this kind to the address in the development outbox, and follows the link in it. */
export async function followMail(visitor: Visitor, email: string, kind: LinkMailKind): Promise<void> {
  const { page } = visitor;
  await visit(visitor, '/dev/outbox');
  const entry = page.getByRole('listitem').filter({ hasText: `to ${email}, ${kind}` });
  await entry.first().getByRole('link').click();
  await follow(visitor, 'Follow the link');
  await page.waitForURL((url) => url.pathname === linkPaths[kind]);
}

/** Confirms the address of the account that the browser is signed in to. */
export async function verify(visitor: Visitor, email: string): Promise<void> {
  await followMail(visitor, email, 'verify_email');
  await press(visitor, 'Confirm');
  await see(visitor, 'Address confirmed');
}

/** Fills in the page of a local issuer, which leads back. */
export async function signInAtIssuer(visitor: Visitor, issuer: string, email: string): Promise<void> {
  const { page, origin } = visitor;
  await see(visitor, issuer);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Name', { exact: true }).fill('Ada');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL((url) => url.origin === origin);
}

/** What the API says of the browser. */
export async function me({ context, origin }: Visitor) {
  return (await context.request.get(`${origin}/api/auth/me`)).json();
}

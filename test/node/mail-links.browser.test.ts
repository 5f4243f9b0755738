import type { BrowserContext } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { usePageService } from '../support/node/use-page-service.ts';
import {
  password as firstPassword,
  followMail,
  freshEmail,
  me,
  openVisitor,
  otherPassword as secondPassword,
} from '../support/node/visitor.ts';

// What only a browser can say: whether it sends the form of a page under the page's own policies, and keeps the cookies.

const service = usePageService({ port: 28_787 });

const visit = () => openVisitor(service());

/** Calls the API the way an application's page does, with the browser's cookies. */
async function call(context: BrowserContext, path: string, data: Record<string, string>): Promise<number> {
  const answer = await context.request.post(`${service().origin}${path}`, {
    data,
    headers: { Origin: service().origin },
  });
  return answer.status();
}

async function register(context: BrowserContext, email: string): Promise<void> {
  const data = { email, name: 'Test User', password: firstPassword, confirmPassword: firstPassword };
  expect(await call(context, '/api/auth/register', data)).toBe(201);
}

describe('in Chromium', { timeout: 60_000 }, () => {
  test('a new user verifies the address with the link and their password (CSR-03, RST-09)', async () => {
    const email = freshEmail();
    await register((await visit()).context, email);
    const visitor = await visit();
    const { page, complaints } = visitor;
    await followMail(visitor, email, 'verify_email');
    // The token has left the address bar, and with it the history.
    expect(page.url()).toBe(`${service().origin}/auth/verify-email`);

    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await page.getByLabel('Password').fill(firstPassword);
    await page.getByRole('main').getByRole('button').click();
    const headers = await (await sent).allHeaders();
    expect(headers.origin).toBe(service().origin);
    expect(headers['sec-fetch-site']).toBe('same-origin');
    await page.getByRole('heading', { name: 'Address confirmed' }).waitFor();

    const { user, success } = await me(visitor);
    expect([success, user.email, user.emailVerified]).toEqual([true, email, true]);
    expect(complaints).toEqual([]);
    // A second try says why it did not work.
    await followMail(visitor, email, 'verify_email');
    await page.getByRole('main').getByRole('button').click();
    await page.getByText('This link is no longer valid.').waitFor();
  });

  test('whoever does not know a sign-in ends it, and gets a mail for a new password', async () => {
    const owner = await visit();
    const email = freshEmail();
    await register(owner.context, email);
    const stranger = await visit();
    expect(await call(stranger.context, '/api/auth/login', { email, password: firstPassword })).toBe(200);
    await followMail(owner, email, 'new_device');
    await owner.page.getByRole('main').getByRole('button').click();
    await owner.page.getByRole('heading', { name: 'Signed out everywhere' }).waitFor();
    expect((await me(stranger)).code).toBe('unauthenticated');
    await followMail(owner, email, 'reset_password');
    expect(owner.complaints).toEqual([]);
  });

  test('a lock is lifted by the link, for the browser that used it', async () => {
    const visitor = await visit();
    const { context, page, complaints } = visitor;
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
    await followMail(visitor, email, 'account_locked');
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('heading', { name: 'Account unlocked' }).waitFor();
    // Known by the link: whoever locks the account again does not lock this browser.
    await lock();
    expect(await call(context, '/api/auth/login', { email, password: firstPassword })).toBe(200);
    expect(complaints).toEqual([]);
  });

  test('a changed address is confirmed by its mail, and restored by the one to the old address', async () => {
    const visitor = await visit();
    const { context, page, complaints } = visitor;
    const [email, newEmail] = [freshEmail(), freshEmail()];
    await register(context, email);
    expect(await call(context, '/api/auth/email/change', { newEmail })).toBe(202);
    await followMail(visitor, newEmail, 'confirm_email_change');
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('heading', { name: 'Address changed' }).waitFor();
    expect((await me(visitor)).user.email).toBe(newEmail);
    await followMail(visitor, email, 'email_changed');
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('heading', { name: 'Address restored' }).waitFor();
    expect((await me(visitor)).code).toBe('unauthenticated');
    await followMail(visitor, email, 'reset_password');
    expect(complaints).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshEmail, password, registration } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { type Cookies, clearedBy, inputOf, led, press } from '../../support/hosted-pages.ts';
import { storeLink } from '../../support/links.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { alertOf, linksOf, titleOf } from '../../support/shown-page.ts';
import { freshCode, twoFactorUser } from '../../support/two-factor.ts';
import { accountsOf, databaseOf, requiredClient, unverifiedAccount } from './pending-registrations.ts';

const path = '/auth/verify-email';
const client = new TestClient();
const required = requiredClient();
const en = pageLanguages.en!;
const refreshCookie = '__Host-nexora_refresh';
const targetCookie = '__Host-nexora_target';
const challengeCookie = '__Host-nexora_challenge';
const target = 'https://app.test/z';

const open = (token: string, cookies: Cookies = {}, by = client) =>
  by.get(`${path}?${new URLSearchParams({ token })}`, { cookies });

describe('the page /auth/verify-email for somebody whose access token has died', () => {
  /** An account that is not verified, and the refresh token of its browser, without the access token. */
  async function aged() {
    const account = await unverifiedAccount(client);
    const { [refreshCookie]: token = '' } = authCookies(account);
    return { ...account, cookies: { [refreshCookie]: token } };
  }

  test('asks for no password, and nobody for who it is', async () => {
    const { token, cookies } = await aged();
    const shown = await open(token, cookies);
    expect([shown.status, shown.roundTrips, shown.setCookies]).toEqual([200, 0, []]);
    expect(inputOf(shown, 'password')).toBeUndefined();
  });

  test('verifies without a password, and has new tokens of the same account (SES-03)', async () => {
    const { token, email, cookies } = await aged();
    const done = await press(client, path, { token }, cookies);
    expect([done.status, titleOf(done)], done.text).toEqual([200, en.pages.verifyEmail.done.title]);
    expect(await accountsOf(client, email)).toMatchObject([{ is_verified: true }]);
    const renewed = authCookies(done);
    expect(renewed[refreshCookie]).not.toBe(cookies[refreshCookie]);
    const me = await client.get('/api/auth/me', { cookies: renewed });
    expect(me.json.user).toMatchObject({ email, emailVerified: true });
    expect((await client.post('/api/auth/refresh', {}, { cookies: renewed })).status).toBe(200);
  });

  test('has its new tokens where the link is refused as well, so that nothing is lost (SES-03)', async () => {
    const { token } = await aged();
    const { email, cookies } = await aged();
    const refused = await press(client, path, { token }, cookies);
    expect([refused.status, inputOf(refused, 'password') !== undefined]).toEqual([400, true]);
    const me = await client.get('/api/auth/me', { cookies: authCookies(refused) });
    expect(me.json.user).toMatchObject({ email, emailVerified: false });
  });

  test('is asked for the password where the refresh token is forged', async () => {
    const { token, email, cookies } = await aged();
    const { [refreshCookie]: genuine } = cookies;
    const changed = `${genuine.slice(0, -6)}${genuine.at(-6) === 'A' ? 'B' : 'A'}${genuine.slice(-5)}`;
    for (const forged of ['nxr_forged', 'x', changed]) {
      const shown = await open(token, { [refreshCookie]: forged });
      expect([shown.status, shown.roundTrips]).toEqual([200, 0]);
      expect(inputOf(shown, 'password'), forged).toBeDefined();
      const refused = await press(client, path, { token }, { [refreshCookie]: forged });
      expect([refused.status, refused.setCookies], forged).toEqual([400, []]);
    }
    expect(await accountsOf(client, email)).toMatchObject([{ is_verified: false }]);
  });

  test('is asked for the password once it turns out that the session has ended', async () => {
    const { token, email, cookies } = await aged();
    expect((await client.post('/api/auth/logout', {}, { cookies })).status).toBe(200);
    expect(inputOf(await open(token, cookies), 'password')).toBeUndefined();
    const refused = await press(client, path, { token }, cookies);
    expect([refused.status, refused.setCookies]).toEqual([400, []]);
    expect(alertOf(refused)).toBe(en.errors.password_required);
    expect(inputOf(refused, 'password')).toBeDefined();
    expect(await accountsOf(client, email)).toMatchObject([{ is_verified: false }]);
    expect((await press(client, path, { token, password }, cookies)).status).toBe(200);
  });
});

describe('the target of a registration that waits for its mail', () => {
  /** Registers on the page, and returns the answer with the token of its mail. */
  async function register(redirectTo: string) {
    const email = freshEmail();
    const form = { ...(registration(email) as Record<string, string>), redirectTo };
    const answer = await press(required, '/register', form);
    expect(answer.status, answer.text).toBe(200);
    return { answer, token: await tokenFrom(required, email, 'confirm_registration') };
  }

  const remembered = (answer: Answer): Cookies => ({
    [targetCookie]: cookieValue(answer, targetCookie) ?? '',
  });

  test('is remembered by the browser for as long as the link lives, and on the way back to the sign-in', async () => {
    const { answer } = await register(target);
    expect(answer.setCookies).toEqual([
      `${targetCookie}=${encodeURIComponent(target)}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=86400`,
    ]);
    const query = new URLSearchParams({ redirectTo: target });
    expect(linksOf(answer)).toEqual({ [en.signIn.checkMail.back]: `/login?${query}` });
  });

  test('is not remembered where it is not allowed (OAU-10)', async () => {
    const { answer } = await register('https://evil.example/');
    expect(answer.setCookies).toEqual([]);
    expect(linksOf(answer)).toEqual({ [en.signIn.checkMail.back]: '/login' });
  });

  test('is where the page behind the link leads on, once', async () => {
    const { answer, token } = await register(target);
    const cookies = remembered(answer);
    expect(clearedBy(await open(token, cookies, required))).toEqual([]);
    const refused = await press(required, path, { token, password: 'wrong password' }, cookies);
    expect([refused.status, refused.setCookies]).toEqual([400, []]);
    const done = await press(required, path, { token, password }, cookies);
    expect([done.status, linksOf(done)], done.text).toEqual([200, { [en.frame.onward]: target }]);
    expect(clearedBy(done)).toEqual([targetCookie]);
    expect((await required.get('/api/auth/me', { cookies: authCookies(done) })).status).toBe(200);
  });

  test.each([
    ['another origin', 'https%3A%2F%2Fevil.example'],
    ['what parsers take for one', '%2F%2Fevil.example'],
    ['a script', 'javascript%3Aalert(1)'],
    ['what cannot be decoded', '%E0%A4%A'],
    ['nothing', ''],
  ])('leads home where the browser was made to remember %s (OAU-10)', async (_what, value) => {
    const { token } = await register(target);
    const done = await press(required, path, { token, password }, { [targetCookie]: value });
    expect([done.status, linksOf(done)], done.text).toEqual([200, { [en.frame.onward]: '/' }]);
    expect(done.text).not.toContain('evil.example');
  });

  test('is that of the second step, where the account asks for one', async () => {
    const user = await twoFactorUser(client);
    await databaseOf(client).query(
      sql`UPDATE users SET email_verified_at = NULL WHERE id = ${user.userId}::uuid`,
    );
    const token = await storeLink(client, 'verify_email', { id: user.userId, email: user.email });
    const cookies = { [targetCookie]: encodeURIComponent(target) };
    const first = await press(required, path, { token, password }, cookies);
    const query = new URLSearchParams({ redirectTo: target });
    expect(led(first), first.text).toEqual([303, `/login/two-factor?${query}`]);
    const challenge = { [challengeCookie]: cookieValue(first, challengeCookie) ?? '' };
    expect(cookieValue(first, targetCookie)).toBe('');
    const form = { redirectTo: target, code: await freshCode(client, user) };
    expect(led(await press(required, '/login/two-factor', form, challenge))).toEqual([303, target]);
  });
});

import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshEmail, password, registerUser, registration } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import {
  type Cookies,
  clearedBy,
  focusedIn,
  inputOf,
  led,
  press,
  sectionOf,
  unrequested,
  withoutDatabase,
} from '../../support/hosted-pages.ts';
import { storeLink } from '../../support/links.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { alertOf, buttonsOf, formsOf, linksOf, noticeOf, titleOf } from '../../support/shown-page.ts';
import { freshCode, markVerified, twoFactorUser } from '../../support/two-factor.ts';
import { addressClasses, databaseOf, registerForToken, requiredClient } from './pending-registrations.ts';

const optional = new TestClient({ EMAIL_VERIFICATION: 'optional' });
const required = requiredClient();
const en = pageLanguages.en!;
const text = en.signIn.checkMail;
const linkPath = '/auth/verify-email';
const targetCookie = '__Host-nexora_target';
const challengeCookie = '__Host-nexora_challenge';
const target = 'https://app.test/z';

describe('/check-your-mail', () => {
  const path = '/check-your-mail';

  test('asks for the address', async () => {
    const answer = await required.get(path);
    expect([answer.status, answer.roundTrips, titleOf(answer)]).toEqual([200, 0, text.title]);
    expect(formsOf(answer)).toEqual([{ action: path, fields: { email: '' } }]);
    expect([focusedIn(answer), linksOf(answer)]).toEqual(['email', { [text.back]: '/login' }]);
  });

  test('sends the mail of a registration once more, and can do it again', async () => {
    const email = freshEmail();
    const first = await registerForToken(required, email);
    const answer = await press(required, path, { email });
    expect([answer.status, noticeOf(answer), answer.setCookies]).toEqual([200, text.sent(email), []]);
    expect(await tokenFrom(required, email, 'confirm_registration')).not.toBe(first);
    expect(formsOf(answer)).toEqual([{ action: path, fields: { email } }]);
    expect(buttonsOf(answer)).toEqual([text.resend]);
  });

  test('answers every address with the same bytes (ENU-04)', async () => {
    const emails = await Promise.all(Object.values(addressClasses).map((make) => make(required)));
    expect(emails.length).toBeGreaterThan(5);
    for (const client of [required, optional]) {
      const told: [number, number, string][] = [];
      for (const email of emails) {
        const answer = await press(client, path, { email });
        told.push([answer.status, answer.roundTrips, unrequested(answer, email)]);
      }
      for (const one of told) expect(one).toEqual(told[0]);
      expect(told[0]?.[0]).toBe(200);
    }
  });

  test('keeps an address that is none, and one that could not be asked about', async () => {
    const wrong = await press(required, path, { email: '<b>nobody' });
    expect([wrong.status, wrong.roundTrips, alertOf(wrong)]).toEqual([400, 0, en.fieldErrors.email]);
    expect(inputOf(wrong, 'email')).toContain('value="&lt;b&gt;nobody"');
    const email = freshEmail();
    const down = await press(await withoutDatabase(), path, { email });
    expect([down.status, alertOf(down)]).toEqual([503, en.errors.service_unavailable]);
    expect(inputOf(down, 'email')).toContain(`value="${email}"`);
  });
});

describe('the section of the verification', () => {
  const shown = async (client: TestClient, answer: Answer) =>
    sectionOf(await client.get('/account', { cookies: authCookies(answer) }), 'verification');

  test('is there while the address waits for it, and sends the mail once more', async () => {
    const registered = await registerUser(optional);
    const { email } = registered;
    const section = await shown(optional, registered);
    const [form] = formsOf(section!);
    expect(buttonsOf(section!)).toEqual([en.account.email.resend]);
    const before = (await mailsTo(optional, email)).length;
    const cookies = authCookies(registered);
    const answer = await press(optional, form!.action, form!.fields, cookies);
    expect(led(answer)).toEqual([303, '/account#verification']);
    expect((await mailsTo(optional, email)).length).toBe(before + 1);
    const notice = { '__Host-nexora_notice': cookieValue(answer, '__Host-nexora_notice')! };
    const next = await optional.get('/account', { cookies: { ...cookies, ...notice } });
    expect(noticeOf(next)).toBe(en.flashes.verification_sent);
  });

  test('is not there once the address is verified, nor where nothing is verified', async () => {
    const registered = await registerUser(optional);
    expect(await shown(optional, registered)).toBeDefined();
    expect(await shown(new TestClient({ EMAIL_VERIFICATION: 'off' }), registered)).toBeUndefined();
    await markVerified(optional, registered.json.user.id);
    expect(await shown(optional, registered)).toBeUndefined();
  });
});

describe('the page behind the link of a registration', () => {
  test('signs in by cookies that open the session', async () => {
    const token = await registerForToken(required, freshEmail());
    const done = await required.submit(linkPath, { token, password });
    expect(done.setCookies.map((cookie) => cookie.split('=')[0])).toEqual([
      '__Host-nexora_access',
      '__Host-nexora_refresh',
      '__Host-nexora_device',
    ]);
    expect(done.text).not.toContain('nxr_');
    expect((await required.get('/api/auth/me', { cookies: authCookies(done) })).status).toBe(200);
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
    expect(
      clearedBy(await required.get(`${linkPath}?${new URLSearchParams({ token })}`, { cookies })),
    ).toEqual([]);
    const refused = await press(required, linkPath, { token, password: 'wrong password' }, cookies);
    expect([refused.status, refused.setCookies]).toEqual([400, []]);
    const done = await press(required, linkPath, { token, password }, cookies);
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
    const done = await press(required, linkPath, { token, password }, { [targetCookie]: value });
    expect([done.status, linksOf(done)], done.text).toEqual([200, { [en.frame.onward]: '/' }]);
    expect(done.text).not.toContain('evil.example');
  });

  test('is that of the second step, where the account asks for one', async () => {
    const user = await twoFactorUser(optional);
    await databaseOf(optional).query(
      sql`UPDATE users SET email_verified_at = NULL WHERE id = ${user.userId}::uuid`,
    );
    const token = await storeLink(optional, 'verify_email', { id: user.userId, email: user.email });
    const cookies = { [targetCookie]: encodeURIComponent(target) };
    const first = await press(required, linkPath, { token, password }, cookies);
    const query = new URLSearchParams({ redirectTo: target });
    expect(led(first), first.text).toEqual([303, `/login/two-factor?${query}`]);
    const challenge = { [challengeCookie]: cookieValue(first, challengeCookie) ?? '' };
    expect(cookieValue(first, targetCookie)).toBe('');
    const form = { redirectTo: target, code: await freshCode(optional, user) };
    expect(led(await press(required, '/login/two-factor', form, challenge))).toEqual([303, target]);
  });
});

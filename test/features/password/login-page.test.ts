import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshClient, freshEmail, otherPassword, password } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, type Overrides, TestClient } from '../../support/client.ts';
import { focusedIn, inputOf, led, press, unrequested } from '../../support/hosted-pages.ts';
import { waitingMailsTo } from '../../support/mailbox.ts';
import { alertOf, buttonsOf, formsOf, linksOf, noticeOf, titleOf } from '../../support/shown-page.ts';
import { baseUrl } from '../../support/test-env.ts';
import { postRegistration } from '../email-verification/pending-registrations.ts';
import { cookiesOf, signIn as signedIn } from '../sessions/session-fixtures.ts';
import { storeAccount } from './stored-accounts.ts';

const path = '/login';
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;

const signIn = (form: Readonly<Record<string, string>>, by = client): Promise<Answer> =>
  press(by, path, form);

/** Checks that the form is shown again with the address that was typed, and without the password. */
function expectShownAgain(answer: Answer, status: number, sentence: string, email: string): void {
  expect([answer.status, titleOf(answer), alertOf(answer)]).toEqual([status, 'Sign in', sentence]);
  expect(inputOf(answer, 'email')).toContain(`value="${email}"`);
  expect(inputOf(answer, 'password')).not.toContain('value=');
  expect(answer.text).not.toContain(otherPassword);
  expect(answer.text).not.toContain(password);
  expect(answer.setCookies).toEqual([]);
}

describe('GET /login', () => {
  test('has a form whose first field is focused, and the ways to whatever is missing', async () => {
    const answer = await client.get(path);
    expect([answer.status, answer.roundTrips, titleOf(answer)]).toEqual([200, 0, 'Sign in']);
    expect(formsOf(answer)).toEqual([{ action: path, fields: { email: '', password: '' } }]);
    expect(focusedIn(answer)).toBe('email');
    expect(inputOf(answer, 'email')).toMatch(/type="email" autocomplete="username"/);
    expect(inputOf(answer, 'password')).toMatch(/type="password" autocomplete="current-password"/);
    expect(linksOf(answer)).toEqual({
      'Forgot your password?': '/forgot-password',
      'Create one': '/register',
    });
  });

  test('hands its target on, and offers no registration where that is closed', async () => {
    const target = 'https://app.test/inbox?a=b';
    const query = new URLSearchParams({ redirectTo: target });
    const answer = await client.get(`${path}?${query}`);
    expect(formsOf(answer)[0]?.fields.redirectTo).toBe(target);
    expect(linksOf(answer)['Create one']).toBe(`/register?${query}`);
    const closed = await new TestClient({ REGISTRATION: 'closed' }).get(path);
    expect(Object.values(linksOf(closed))).toEqual(['/forgot-password']);
  });

  // Somebody whose session has ended, test/contract/hosted-page-visits.test.ts has.
  test('leads whoever is signed in to the target, by either cookie', async () => {
    const target = 'https://app.test/inbox';
    const query = new URLSearchParams({ redirectTo: target });
    for (const [name, value] of Object.entries(cookiesOf(await signedIn(client)))) {
      const answer = await client.get(`${path}?${query}`, { cookies: { [name]: value } });
      expect([...led(answer), answer.roundTrips, answer.setCookies], name).toEqual([303, target, 1, []]);
    }
    expect((await client.get(path, { cookies: { '__Host-nexora_access': 'a.b.c' } })).roundTrips).toBe(0);
  });
});

describe('POST /login', () => {
  test('leads to the account with the cookies of a session, in two round trips', async () => {
    const { email } = await signedIn(client);
    const answer = await signIn({ email: ` ${email.toUpperCase()} `, password });
    expect([...led(answer), answer.roundTrips]).toEqual([303, `${baseUrl}/account`, 2]);
    const me = await client.get('/api/auth/me', { cookies: authCookies(answer) });
    expect(me.json.user.email).toBe(email);
    expect(cookieValue(answer, '__Host-nexora_device')).toBeTruthy();
    expect((await client.get('/account', { cookies: authCookies(answer) })).text).toContain(email);
  });

  test('tells a wrong password at its field, with the address kept and the password gone', async () => {
    const { email } = await signedIn(client);
    const answer = await signIn({ email, password: otherPassword, redirectTo: '/account/security' });
    expectShownAgain(answer, 401, en.errors.invalid_credentials, email);
    expect(focusedIn(answer)).toBe('password');
    expect(inputOf(answer, 'password')).toContain('aria-invalid="true"');
    expect(inputOf(answer, 'password')).toContain('aria-describedby="login-password-error"');
    expect(formsOf(answer)[0]?.fields.redirectTo).toBe('/account/security');
    const retried = await signIn({ ...formsOf(answer)[0]!.fields, password });
    expect(led(retried)).toEqual([303, `${baseUrl}/account/security`]);
  });

  test('tells an unknown address, a banned account and one without a password as a wrong password (ENU-01)', async () => {
    const known = await signedIn(client);
    const emails = [
      known.email,
      freshEmail(),
      (await storeAccount(null)).email,
      (await storeAccount('x', { isBanned: true })).email,
    ];
    const answers = await Promise.all(emails.map((email) => signIn({ email, password: otherPassword })));
    const told = answers.map((answer, index) => [answer.status, unrequested(answer, emails[index]!)]);
    expect(new Set(told.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(told[0]![0]).toBe(401);
  });

  test.each([
    [{}, 'email', en.fieldErrors.several],
    [{ email: 'nobody', password }, 'email', en.fieldErrors.email],
    [{ email: 'a@example.com' }, 'password', en.fieldErrors.required],
    [{ email: 'a@example.com', password: 'x'.repeat(5000) }, 'password', en.fieldErrors.passwordTooLong],
  ])('asks nobody about a form that is not filled in: %j', async (form, field, sentence) => {
    const answer = await signIn(form as Record<string, string>);
    expect([answer.status, answer.roundTrips, alertOf(answer)]).toEqual([400, 0, sentence]);
    expect(focusedIn(answer)).toBe(field);
  });

  test('tells in the language of the reader', async () => {
    const form = { email: freshEmail(), password: otherPassword };
    const german = await press(client, path, form, {}, { 'Accept-Language': 'de-CH,en;q=0.5' });
    expect(alertOf(german)).toBe(pageLanguages.de!.errors.invalid_credentials);
    const chosen = { '__Host-nexora_language': 'en' };
    const english = await press(client, path, form, chosen, { 'Accept-Language': 'de' });
    expect(alertOf(english)).toBe(en.errors.invalid_credentials);
  });

  test('is 429 after too many attempts, with the address kept and the time to wait for', async () => {
    const { email } = await signedIn(client);
    const strict = new TestClient({ EMAIL_VERIFICATION: 'off', LOGIN_ATTEMPTS_MAX: '1' });
    const headers = freshClient();
    const guess = () => strict.submit(path, { email, password: otherPassword }, { headers });
    expect((await guess()).status).toBe(401);
    const answer = await guess();
    expectShownAgain(answer, 429, en.errors.too_many_attempts, email);
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
  });

  test('keeps what was typed while too many passwords are hashed at once', async () => {
    // Those of one address are limited before they are hashed.
    const emails = Array.from({ length: 60 }, freshEmail);
    const argon2Parameters = { memoryKib: 4096, passes: 6, lanes: 1 };
    const slow = new TestClient({ EMAIL_VERIFICATION: 'off' }, { argon2Parameters });
    const answers = await Promise.all(emails.map((email) => signIn({ email, password }, slow)));
    const refused = answers.flatMap((answer, index) =>
      answer.status === 503 ? [[answer, emails[index]!] as const] : [],
    );
    expect(refused.length).toBeGreaterThan(0);
    for (const [answer, email] of refused) expectShownAgain(answer, 503, en.errors.overloaded, email);
  });
});

describe('a sign-in before the address is confirmed', () => {
  const required: Overrides = { EMAIL_VERIFICATION: 'required' };

  test('is told with a button that sends the mail once more, to whoever has the password alone', async () => {
    const by = new TestClient(required);
    const email = freshEmail();
    expect((await postRegistration(by, email)).status).toBe(202);
    const answer = await signIn({ email, password }, by);
    expectShownAgain(answer, 403, en.errors.email_not_verified, email);
    const resend = formsOf(answer)[1]!;
    expect(resend).toEqual({ action: '/check-your-mail', fields: { email } });
    expect(buttonsOf(answer)).toContain(en.signIn.checkMail.resend);
    const before = (await waitingMailsTo(by, email)).length;
    const sent = await press(by, resend.action, resend.fields);
    expect([sent.status, noticeOf(sent)]).toEqual([200, en.signIn.checkMail.sent(email)]);
    expect((await waitingMailsTo(by, email)).length).toBeGreaterThan(before);
    const wrong = await signIn({ email, password: otherPassword }, by);
    expect([wrong.status, formsOf(wrong).length]).toEqual([401, 1]);
  });
});

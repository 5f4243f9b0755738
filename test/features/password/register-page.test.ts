import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshEmail, otherPassword, password } from '../../support/accounts.ts';
import { type Answer, authCookies, TestClient } from '../../support/client.ts';
import { type Cookies, focusedIn, inputOf, led, press, unrequested } from '../../support/hosted-pages.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { alertOf, formsOf, linksOf, noticeOf, titleOf } from '../../support/shown-page.ts';
import { baseUrl } from '../../support/test-env.ts';
import { cookiesOf, signIn } from '../sessions/session-fixtures.ts';
import { findUsers } from './stored-accounts.ts';

const path = '/register';
const en = pageLanguages.en!;
const clients = {
  off: new TestClient({ EMAIL_VERIFICATION: 'off' }),
  optional: new TestClient({ EMAIL_VERIFICATION: 'optional' }),
  required: new TestClient({ EMAIL_VERIFICATION: 'required' }),
};
const client = clients.off;

const filledIn = (email: string, overrides: Readonly<Record<string, string>> = {}) => ({
  ...{ name: 'Ada Lovelace', email, password, confirmPassword: password },
  ...overrides,
});

const register = (
  email: string,
  overrides: Readonly<Record<string, string>> = {},
  by = client,
  cookies: Cookies = {},
): Promise<Answer> => press(by, path, filledIn(email, overrides), cookies);

/** Checks that the form is shown again with what was typed, but for the passwords. */
function expectShownAgain(answer: Answer, status: number, sentence: string, email: string): void {
  expect([answer.status, titleOf(answer), alertOf(answer)]).toEqual([
    status,
    en.signIn.register.title,
    sentence,
  ]);
  expect(inputOf(answer, 'email')).toContain(`value="${email}"`);
  expect(inputOf(answer, 'name')).toContain('value="Ada Lovelace"');
  for (const name of ['password', 'confirmPassword']) expect(inputOf(answer, name)).not.toContain('value=');
  expect(answer.text).not.toContain(password);
  expect(answer.setCookies).toEqual([]);
}

describe('GET /register', () => {
  test('has a form, and the way back to the sign-in with its target', async () => {
    const query = new URLSearchParams({ redirectTo: 'https://app.test/inbox' });
    const answer = await client.get(`${path}?${query}`);
    expect([answer.status, answer.roundTrips]).toEqual([200, 0]);
    const fields = { name: '', email: '', password: '', confirmPassword: '' };
    expect(formsOf(answer)).toEqual([
      { action: path, fields: { redirectTo: 'https://app.test/inbox', ...fields } },
    ]);
    expect(linksOf(answer)).toEqual({ 'Sign in': `/login?${query}` });
    for (const name of ['password', 'confirmPassword'])
      expect(inputOf(answer, name)).toContain('autocomplete="new-password"');
    expect(answer.text).toContain(en.fields.passwordHint(8));
  });

  test('leads whoever is signed in on to the target, by either cookie', async () => {
    const cookies = cookiesOf(await signIn(client));
    const query = new URLSearchParams({ redirectTo: 'https://app.test/inbox' });
    for (const [name, value] of Object.entries(cookies)) {
      const one = { [name]: value };
      const answer = await client.get(`${path}?${query}`, { cookies: one });
      expect([...led(answer), answer.setCookies], name).toEqual([303, 'https://app.test/inbox', []]);
      expect(led(await client.get(path, { cookies: one })), name).toEqual([303, `${baseUrl}/account`]);
    }
  });

  test('names the terms where there are any', async () => {
    const branded = new TestClient({
      BRAND_TERMS_URL: 'https://legal.example/terms',
      BRAND_PRIVACY_URL: 'https://legal.example/privacy',
    });
    const answer = await branded.get(path);
    expect(answer.text).toContain(en.signIn.register.agree);
    expect(linksOf(answer)).toMatchObject({
      Terms: 'https://legal.example/terms',
      Privacy: 'https://legal.example/privacy',
    });
    expect((await client.get(path)).text).not.toContain(en.signIn.register.agree);
  });

  test('says that registration is closed, and takes nothing, whoever asks', async () => {
    const closed = new TestClient({ REGISTRATION: 'closed', EMAIL_VERIFICATION: 'off' });
    const shown = await closed.get(path);
    expect([shown.status, alertOf(shown)]).toEqual([403, en.errors.registration_closed]);
    const { email } = await signIn(client);
    for (const address of [email, freshEmail()]) {
      const answer = await register(address, {}, closed);
      expect([answer.status, answer.roundTrips, alertOf(answer)]).toEqual([
        ...[403, 0, en.errors.registration_closed],
      ]);
    }
  });
});

describe('POST /register', () => {
  test.each(['off', 'optional'] as const)(
    'with EMAIL_VERIFICATION=%s makes the account and leads to the target, signed in, in one round trip',
    async (mode) => {
      const email = freshEmail();
      const by = clients[mode];
      const answer = await register(email, { redirectTo: 'https://app.test/inbox' }, by);
      expect([...led(answer), answer.roundTrips]).toEqual([303, 'https://app.test/inbox', 1]);
      const me = await by.get('/api/auth/me', { cookies: authCookies(answer) });
      expect(me.json.user).toMatchObject({ email, name: 'Ada Lovelace', emailVerified: false });
      const kinds = (await mailsTo(by, email)).map(({ kind }) => kind);
      expect(kinds).toEqual(mode === 'off' ? [] : ['verify_email']);
    },
  );

  test('with EMAIL_VERIFICATION=required sends a mail, makes no account yet, and can send the mail again', async () => {
    const email = freshEmail();
    const by = clients.required;
    const answer = await register(email, {}, by);
    expect([answer.status, noticeOf(answer), answer.setCookies]).toEqual([
      ...[200, en.signIn.checkMail.sent(email), []],
    ]);
    expect(await findUsers(email)).toEqual([]);
    const [resend] = formsOf(answer);
    expect(resend).toEqual({ action: '/check-your-mail', fields: { email } });
    expect(linksOf(answer)).toEqual({ [en.signIn.checkMail.back]: '/login' });
    expect((await press(by, resend!.action, resend!.fields)).status).toBe(200);
    const kinds = (await mailsTo(by, email)).map(({ kind }) => kind);
    expect(kinds).toEqual(['confirm_registration', 'confirm_registration']);
  });

  test('with EMAIL_VERIFICATION=required answers a taken address as a free one (ENU-02)', async () => {
    const taken = (await signIn(client)).email;
    const answers = await Promise.all(
      [taken, freshEmail()].map(async (email) => {
        const answer = await register(email, {}, clients.required);
        return [answer.status, answer.roundTrips, unrequested(answer, email)];
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]![0]).toBe(200);
  });

  test.each(['off', 'optional'] as const)(
    'with EMAIL_VERIFICATION=%s tells a taken address at its field',
    async (mode) => {
      const { email } = await signIn(client);
      const answer = await register(email, {}, clients[mode]);
      expectShownAgain(answer, 409, en.errors.email_taken, email);
      expect(focusedIn(answer)).toBe('email');
      expect(inputOf(answer, 'email')).toContain('aria-invalid="true"');
      const [user] = await findUsers(email);
      expect(user?.name).toBe('Test User');
    },
  );

  test.each<[overrides: Record<string, string>, field: string, sentence: string]>([
    [{ confirmPassword: otherPassword }, 'confirmPassword', en.fieldErrors.mismatch],
    [{ password: 'short', confirmPassword: 'short' }, 'password', en.fieldErrors.tooShort],
    [{ password: 'password123', confirmPassword: 'password123' }, 'password', en.errors.password_too_common],
  ])('tells at its field what is wrong with a password: %j', async (overrides, field, sentence) => {
    for (const by of Object.values(clients)) {
      const email = freshEmail();
      const answer = await register(email, overrides, by);
      expect(answer.roundTrips).toBe(0);
      expectShownAgain(answer, 400, sentence, email);
      expect(focusedIn(answer)).toBe(field);
      expect(inputOf(answer, field)).toContain('aria-invalid="true"');
      expect(await findUsers(email)).toEqual([]);
    }
  });

  test('marks every field that is not filled in, and asks nobody', async () => {
    const answer = await press(client, path, { name: '', email: 'nobody' });
    expect([answer.status, answer.roundTrips, alertOf(answer)]).toEqual([400, 0, en.fieldErrors.several]);
    for (const name of ['name', 'email', 'password', 'confirmPassword'])
      expect(inputOf(answer, name), name).toContain('aria-invalid="true"');
    expect(focusedIn(answer)).toBe('name');
  });

  test('keeps what was typed while too many passwords are hashed at once', async () => {
    const emails = Array.from({ length: 40 }, freshEmail);
    const answers = await Promise.all(emails.map((email) => register(email)));
    const refused = answers.flatMap((answer, index) =>
      answer.status === 503 ? [[answer, emails[index]!] as const] : [],
    );
    expect(refused.length).toBeGreaterThan(0);
    for (const [answer, email] of refused) expectShownAgain(answer, 503, en.errors.overloaded, email);
  });

  test.each(['optional', 'required'] as const)(
    'with EMAIL_VERIFICATION=%s writes its mail in the language that was chosen',
    async (mode) => {
      const email = freshEmail();
      const chosen = { '__Host-nexora_language': 'de' };
      await press(clients[mode], path, filledIn(email), chosen, { 'Accept-Language': 'fr' });
      expect(await mailsTo(clients[mode], email)).toMatchObject([{ locale: 'de' }]);
    },
  );

  test('keeps the language for later mails: the chosen one, or else that of the browser', async () => {
    for (const [cookies, locale] of [
      [{ '__Host-nexora_language': 'de' }, 'de'],
      [{}, 'fr-CA'],
      [{ '__Host-nexora_language': '<b>' }, 'fr-CA'],
    ] as const) {
      const email = freshEmail();
      await press(clients.off, path, filledIn(email), cookies, { 'Accept-Language': 'fr-CA,en' });
      expect(await findUsers(email)).toMatchObject([{ locale }]);
    }
  });
});

import { describe, expect, test } from 'vitest';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { freshEmail, otherPassword, password } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import {
  type Cookies,
  focusedIn,
  inputOf,
  led,
  press,
  sectionOf,
  unrequested,
} from '../../support/hosted-pages.ts';
import { storeLink } from '../../support/links.ts';
import { mailsTo, tokenFrom, waitingMailsTo } from '../../support/mailbox.ts';
import { alertOf, buttonsOf, formsOf, linksOf, noticeOf } from '../../support/shown-page.ts';
import { dropPassword } from '../email-code/provider-account.ts';
import { cookiesOf, signIn } from '../sessions/session-fixtures.ts';
import { storeAccount } from './stored-accounts.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;

describe('/forgot-password', () => {
  const path = '/forgot-password';

  test('has a form with the way back', async () => {
    const answer = await client.get(path);
    expect([answer.status, answer.roundTrips]).toEqual([200, 0]);
    expect(formsOf(answer)).toEqual([{ action: path, fields: { email: '' } }]);
    expect(focusedIn(answer)).toBe('email');
    expect(linksOf(answer)).toEqual({ [en.signIn.forgot.back]: '/login' });
  });

  test('sends a link, and sends it again by a button', async () => {
    const { email } = await signIn(client);
    const answer = await press(client, path, { email });
    expect([answer.status, answer.roundTrips, noticeOf(answer)]).toEqual([
      ...[200, 1, en.signIn.forgot.sent(email)],
    ]);
    expect(buttonsOf(answer)).toEqual([en.signIn.forgot.resend]);
    const first = await tokenFrom(client, email, 'reset_password');
    const [again] = formsOf(answer);
    expect(again).toEqual({ action: path, fields: { email } });
    expect((await press(client, again!.action, again!.fields)).status).toBe(200);
    expect(await tokenFrom(client, email, 'reset_password')).not.toBe(first);
  });

  test('answers every address with the same bytes (ENU-03)', async () => {
    const emails = [
      (await signIn(client)).email,
      freshEmail(),
      (await storeAccount(null)).email,
      (await storeAccount('x', { isBanned: true })).email,
      'demo@nexora.ai',
    ];
    const answers = await Promise.all(
      emails.map(async (email) => {
        const answer = await press(client, path, { email });
        return [answer.status, answer.roundTrips, unrequested(answer, email)];
      }),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]![0]).toBe(200);
    expect(await waitingMailsTo(client, emails[1]!)).toEqual([]);
  });

  test('tells an address that is none at its field, and keeps it', async () => {
    const answer = await press(client, path, { email: 'nobody' });
    expect([answer.status, answer.roundTrips, alertOf(answer)]).toEqual([400, 0, en.fieldErrors.email]);
    expect(inputOf(answer, 'email')).toContain('value="nobody"');
    expect(focusedIn(answer)).toBe('email');
  });
});

describe('/reset-password', () => {
  test('leads a link to its page with what it carries, and whoever has none to the way to one', async () => {
    expect(led(await client.get('/reset-password?token=abc'))).toEqual([
      303,
      '/auth/reset-password?token=abc',
    ]);
    expect(led(await client.get('/reset-password'))).toEqual([303, '/forgot-password']);
    expect(led(await client.submit('/reset-password', {}))).toEqual([303, '/forgot-password']);
  });
});

describe('the section of the password', () => {
  const path = '/account';

  async function owner(): Promise<{ email: string; userId: string; cookies: Cookies }> {
    const signedIn = await signIn(client);
    return { ...signedIn, cookies: cookiesOf(signedIn) };
  }

  const fields = { currentPassword: password, newPassword: otherPassword, confirmPassword: otherPassword };
  const change = (cookies: Cookies, overrides: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    press(client, path, { section: 'password', action: 'change', ...fields, ...overrides }, cookies);

  const shown = async (cookies: Cookies) => sectionOf(await client.get(path, { cookies }), 'password')!;

  const logIn = (email: string, secret: string) =>
    client.post('/api/auth/login', { email, password: secret }).then(({ status }) => status);

  test('asks for the current password and twice for the new one, and shows none', async () => {
    const { cookies } = await owner();
    const section = await shown(cookies);
    const [form] = formsOf(section);
    expect(form).toEqual({
      action: path,
      fields: {
        ...{ section: 'password', action: 'change' },
        ...{ currentPassword: '', newPassword: '', confirmPassword: '' },
      },
    });
    expect(inputOf(section, 'currentPassword')).toContain('autocomplete="current-password"');
    expect(inputOf(section, 'newPassword')).toContain('autocomplete="new-password"');
    expect(buttonsOf(section)).toEqual([en.account.password.submit]);
  });

  test('changes the password, renews this session and ends all others', async () => {
    const { email, cookies } = await owner();
    const other = authCookies(await client.post('/api/auth/login', { email, password }));
    const answer = await change(cookies);
    expect(led(answer)).toEqual([303, '/account#password']);
    const renewed = authCookies(answer);
    expect(await logIn(email, otherPassword)).toBe(200);
    expect(await logIn(email, password)).toBe(401);
    expect((await client.get('/api/auth/me', { cookies: other })).status).toBe(401);
    const notice = cookieValue(answer, '__Host-nexora_notice')!;
    const next = await client.get(path, { cookies: { ...renewed, '__Host-nexora_notice': notice } });
    expect([next.status, noticeOf(next)]).toEqual([200, en.flashes.password_changed]);
  });

  test.each<[overrides: Record<string, string>, status: number, field: string, sentence: string]>([
    [{ currentPassword: otherPassword }, 403, 'currentPassword', en.account.password.incorrect],
    [{ newPassword: password, confirmPassword: password }, 400, 'newPassword', en.errors.password_unchanged],
    [{ confirmPassword: 'another one' }, 400, 'confirmPassword', en.fieldErrors.mismatch],
    [{ newPassword: 'sh0rt', confirmPassword: 'sh0rt' }, 400, 'newPassword', en.fieldErrors.tooShort],
    [
      { newPassword: 'password123', confirmPassword: 'password123' },
      ...([400, 'newPassword', en.errors.password_too_common] as const),
    ],
  ])(
    'tells what is wrong at its field, and changes nothing: %j',
    async (overrides, status, field, sentence) => {
      const { email, cookies } = await owner();
      const answer = await change(cookies, overrides);
      const section = sectionOf(answer, 'password')!;
      expect([answer.status, alertOf(section), focusedIn(answer)]).toEqual([status, sentence, field]);
      for (const name of ['currentPassword', 'newPassword', 'confirmPassword'])
        expect(inputOf(section, name), name).not.toContain('value=');
      for (const secret of Object.values({ ...fields, ...overrides }))
        expect(answer.text).not.toContain(secret);
      expect(answer.setCookies).toEqual([]);
      expect(await logIn(email, password)).toBe(200);
    },
  );

  test('asks an account without one for no current password, and gives it the first one', async () => {
    const { email, userId, cookies } = await owner();
    await dropPassword(client, userId);
    const section = await shown(cookies);
    expect(section.text).toContain(en.account.password.none);
    expect(inputOf(section, 'currentPassword')).toBeUndefined();
    expect(buttonsOf(section)).toEqual([en.account.password.submitFirst]);
    const answer = await change(cookies, { currentPassword: '' });
    expect(led(answer)).toEqual([303, '/account#password']);
    expect(await logIn(email, otherPassword)).toBe(200);
  });
});

const newPassword = { password: otherPassword, confirmPassword: otherPassword };

const linkPages = [
  ['/auth/reset-password', 'reset_password', newPassword],
  ['/auth/unlock', 'unlock', {}],
  ['/auth/not-me', 'not_me', {}],
] as const;

async function linked(kind: (typeof linkPages)[number][1]) {
  const owner = await signIn(client);
  return { owner, token: await storeLink(client, kind, { id: owner.userId, email: owner.email }) };
}

describe('/auth/reset-password', () => {
  test('shows what is wrong with a password beside the form, and the next try succeeds (RST-05)', async () => {
    const { owner, token } = await linked('reset_password');
    for (const weak of ['password123', 'abc']) {
      const refused = await client.submit('/auth/reset-password', {
        token,
        password: weak,
        confirmPassword: weak,
      });
      expect(refused.status).toBe(400);
      expect(refused.text).toContain(`value="${token}"`);
      expect(refused.text).not.toContain(weak);
    }
    const differs = await client.submit('/auth/reset-password', {
      token,
      password: otherPassword,
      confirmPassword: 'x',
    });
    expect(differs.text).toContain('The two passwords differ.');
    const done = await client.submit('/auth/reset-password', { token, ...newPassword });
    expect(done.status).toBe(200);
    expect(done.text).toContain('Password changed');
    const login = await client.post('/api/auth/login', { email: owner.email, password: otherPassword });
    expect(login.status).toBe(200);
  });

  test('asks for two new passwords, and says how long they have to be', async () => {
    const long = new TestClient({ PASSWORD_MIN_LENGTH: '12' });
    const { text } = await long.get('/auth/reset-password?token=x');
    expect(text.match(/type="password"/g)).toHaveLength(2);
    expect(text.match(/autocomplete="new-password"/g)).toHaveLength(2);
    expect(text).toContain('At least 12 characters');
  });
});

test.each(linkPages.slice(0, 2))(
  '%s makes the browser a known device by a cookie alone (LIM-11)',
  async (path, kind, filledIn) => {
    const { owner, token } = await linked(kind);
    const done = await client.submit(path, { token, ...filledIn });
    expect(done.headers.has('X-Device-Token')).toBe(false);
    const device = cookieValue(done, '__Host-nexora_device')!;
    const credentials = { email: owner.email, password: kind === 'unlock' ? password : otherPassword };
    const cookies = { '__Host-nexora_device': device };
    expect((await client.post('/api/auth/login', credentials, { cookies })).status).toBe(200);
    // It is known: nobody is told of a new one.
    expect((await mailsTo(client, owner.email)).map(({ kind: mail }) => mail)).not.toContain('new_device');
  },
);

import { describe, expect, test } from 'vitest';
import { finishSetup, turnOnTwoFactor } from '../support/node/authenticator.ts';
import { formFactors } from '../support/node/form-factors.ts';
import { usePageService } from '../support/node/use-page-service.ts';
import {
  fill,
  follow,
  followMail,
  freshEmail,
  hear,
  hearProblem,
  me,
  openVisitor,
  otherPassword,
  password,
  pathOf,
  press,
  register,
  see,
  seeFocus,
  signIn,
  signOut,
  verify,
  visit,
} from '../support/node/visitor.ts';

const service = usePageService({ port: 26_787 });

describe.each(formFactors)('the pages on the way in, $how', { timeout: 60_000 }, ({ options }) => {
  const open = () => openVisitor(service(), options);

  test('somebody registers, confirms the address, signs out and signs in again', async () => {
    const person = await open();
    const email = freshEmail();
    await visit(person, '/');
    await see(person, 'Sign in');
    await follow(person, 'Create one');
    await see(person, 'Create an account');
    await register(person, email, pathOf(person));
    await see(person, 'Your account');
    expect(pathOf(person)).toBe('/account');
    await person.page.getByText('not confirmed', { exact: true }).waitFor();

    await verify(person, email);
    await follow(person, 'Continue');
    await see(person, 'Your account');
    await person.page.getByText('confirmed', { exact: true }).waitFor();
    expect((await me(person)).user).toMatchObject({ email, name: 'Ada', emailVerified: true });

    await follow(person, 'Sign out');
    await see(person, 'Sign out');
    expect((await me(person)).success).toBe(true);
    await press(person, 'Sign out');
    await hear(person, 'You are signed out.');
    expect((await me(person)).code).toBe('unauthenticated');
    await visit(person, '/account/security');
    await signIn(person, email);
    await see(person, 'Security');
    expect(pathOf(person)).toBe('/account/security');
    expect(person.complaints).toEqual([]);
  });

  test('a refused form keeps what was typed, and the focus is on the wrong field', async () => {
    const person = await open();
    const email = freshEmail();
    await visit(person, '/register');
    await seeFocus(person, 'name');
    const typed = { Name: 'Ada & "Grace"', 'E-mail address': email };
    await fill(person, { ...typed, Password: password, 'Repeat the password': otherPassword });
    await press(person, 'Create account');
    await hearProblem(person, 'The two passwords differ.');
    const { page } = person;
    for (const [label, value] of Object.entries(typed))
      expect(await page.getByLabel(label, { exact: true }).inputValue()).toBe(value);
    await seeFocus(person, 'confirmPassword');
    const wrong = page.getByLabel('Repeat the password');
    expect(await wrong.getAttribute('aria-invalid')).toBe('true');
    const told = await wrong.getAttribute('aria-describedby');
    expect(await page.locator(`[id="${told}"]`).textContent()).toBe('The two passwords differ.');
    // Passwords are typed again.
    await fill(person, { Password: password, 'Repeat the password': password });
    await press(person, 'Create account');
    await see(person, 'Your account');

    await signOut(person);
    await signIn(person, email, otherPassword);
    await hearProblem(person, 'The e-mail address or the password is incorrect.');
    expect(await page.getByLabel('E-mail address').inputValue()).toBe(email);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await seeFocus(person, 'password');
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await see(person, 'Your account');
    expect(person.complaints).toEqual([]);
  });

  test('somebody turns two-factor on, and signs in with a code of the app or a backup code', async () => {
    const person = await open();
    const { page } = person;
    const email = freshEmail();
    await register(person, email);
    await verify(person, email);
    await visit(person, '/account/security');
    await press(person, 'Set up');
    const secret = await page.locator('.secret').textContent();
    await page.getByAltText('QR code').waitFor();
    await fill(person, { 'Six-digit code': '12345' });
    await press(person, 'Turn on');
    await page.getByRole('alert').waitFor();
    await seeFocus(person, 'code');
    // What was scanned still counts.
    expect(await page.locator('.secret').textContent()).toBe(secret);
    const app = await finishSetup(person);
    expect(new Set(app.backupCodes).size).toBe(10);
    // What only JavaScript does is shown where that runs.
    const helpers = page.getByRole('button', { name: /^(?:Copy|Print)$/ });
    expect(await helpers.count()).toBe('javaScriptEnabled' in options ? 0 : 2);
    await follow(person, 'I have kept them');
    await page.getByText('10 backup codes are left.').waitFor();

    await signOut(person);
    await signIn(person, email);
    await see(person, 'Second step');
    expect((await me(person)).code).toBe('unauthenticated');
    await fill(person, { 'Six-digit code': app.wrongCode() });
    await press(person, 'Continue');
    await hearProblem(person, 'The code is incorrect or was used before.');
    await seeFocus(person, 'code');
    await fill(person, { 'Six-digit code': await app.code() });
    await press(person, 'Continue');
    await see(person, 'Your account');

    await signOut(person);
    await signIn(person, email);
    await follow(person, 'Use a backup code');
    const [backupCode = ''] = app.backupCodes;
    await fill(person, { 'Backup code': backupCode });
    await press(person, 'Continue');
    await see(person, 'Your account');
    await visit(person, '/account/security');
    await page.getByText('9 backup codes are left.').waitFor();
    await signOut(person);
    await signIn(person, email);
    await follow(person, 'Use a backup code');
    await fill(person, { 'Backup code': backupCode });
    await press(person, 'Continue');
    await hearProblem(person, 'The code is incorrect or was used before.');
    await seeFocus(person, 'backupCode');
    expect(person.complaints).toEqual([]);
  });

  test('a forgotten password is replaced by the link of a mail', async () => {
    const person = await open();
    const email = freshEmail();
    await register(person, email);
    await signOut(person);
    await follow(person, 'Forgot your password?');
    await fill(person, { 'E-mail address': email });
    await press(person, 'Send link');
    await hear(person, `If there is an account with ${email}`);
    await followMail(person, email, 'reset_password');
    await fill(person, { 'New password': otherPassword, 'Repeat the new password': otherPassword });
    await press(person, 'Save new password');
    await see(person, 'Password changed');
    await follow(person, 'Continue');
    await see(person, 'Sign in');
    await signIn(person, email, password);
    await hearProblem(person, 'The e-mail address or the password is incorrect.');
    await signIn(person, email, otherPassword);
    await see(person, 'Your account');
    expect(person.complaints).toEqual([]);
  });

  test('a target survives the registration, the sign-in and its second step', async () => {
    const person = await open();
    const email = freshEmail();
    const target = '/account/sessions?from=app';
    const asked = `?${new URLSearchParams({ redirectTo: target })}`;
    await visit(person, `/login${asked}`);
    await follow(person, 'Create one');
    await register(person, email, pathOf(person));
    await see(person, 'Your devices');
    expect(pathOf(person)).toBe(target);
    await verify(person, email);
    const app = await turnOnTwoFactor(person);
    await signOut(person);
    await visit(person, `/login${asked}`);
    await signIn(person, email, otherPassword);
    await hearProblem(person, 'The e-mail address or the password is incorrect.');
    await signIn(person, email);
    await follow(person, 'Use a backup code');
    await follow(person, 'Use your authenticator app');
    await fill(person, { 'Six-digit code': app.wrongCode() });
    await press(person, 'Continue');
    await hearProblem(person, 'The code is incorrect or was used before.');
    await fill(person, { 'Six-digit code': await app.code() });
    await press(person, 'Continue');
    await see(person, 'Your devices');
    expect(pathOf(person)).toBe(target);
    // Whoever is signed in is sent on at once, and nobody to another site.
    await visit(person, `/login${asked}`);
    expect(pathOf(person)).toBe(target);
    await visit(person, '/login?redirectTo=https://elsewhere.example/');
    expect(pathOf(person)).toBe('/account');
    expect(person.complaints).toEqual([]);
  });

  test('somebody chooses German and goes back to English, and stays on the page', async () => {
    const person = await open();
    const { page } = person;
    const email = freshEmail();
    const choose = (language: string) =>
      page.getByRole('contentinfo').getByRole('button', { name: language, exact: true }).click();
    const asked = `?${new URLSearchParams({ redirectTo: '/account/security' })}`;
    await visit(person, `/register${asked}`);
    await choose('Deutsch');
    await see(person, 'Konto anlegen');
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    expect(pathOf(person)).toBe(`/register${asked}`);
    await choose('English');
    await register(person, email, pathOf(person));
    await see(person, 'Security');
    await choose('Deutsch');
    await see(person, 'Sicherheit');
    expect(pathOf(person)).toBe('/account/security');
    await visit(person, '/account');
    await see(person, 'Ihr Konto');
    // Mails are in the language of the pages too.
    await press(person, 'E-Mail noch einmal senden');
    await page.getByRole('status').waitFor();
    await visit(person, '/dev/outbox');
    const entry = page.getByRole('listitem').filter({ hasText: `to ${email}, verify_email` });
    expect(await entry.first().getByRole('link').textContent()).toBe('Bestätigen Sie Ihre E-Mail-Adresse');
    await visit(person, '/account');
    await choose('English');
    await see(person, 'Your account');
    // The page of a link keeps its token.
    await followMail(person, email, 'verify_email');
    await choose('Deutsch');
    await page.getByRole('main').getByRole('button').click();
    await page.locator('html[lang=de]').waitFor();
    expect((await me(person)).user.emailVerified).toBe(true);
    expect(person.complaints).toEqual([]);
  });
});

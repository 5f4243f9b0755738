import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { turnOnTwoFactor } from '../support/node/authenticator.ts';
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

const service = usePageService({ port: 27_787 });

const otherBrowser =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15';

describe.each(formFactors)('the pages of the account, $how', { timeout: 60_000 }, ({ options }) => {
  const open = (further = {}) => openVisitor(service(), { ...options, ...further });

  test('two devices are listed; one of them, and then all, are signed out', async () => {
    const person = await open();
    const email = freshEmail();
    await register(person, email);
    const others = await open({ userAgent: otherBrowser });
    await signIn(others, email);
    await see(others, 'Your account');

    await follow(person, 'Devices');
    const devices = person.page.locator('#sessions').getByRole('listitem');
    expect(await devices.count()).toBe(2);
    expect(await devices.filter({ hasText: 'this device' }).count()).toBe(1);
    await press(person, 'Sign out Safari 18, macOS Catalina');
    await hear(person, 'The device was signed out.');
    expect(await devices.count()).toBe(1);
    expect((await me(others)).code).toBe('unauthenticated');
    expect((await me(person)).success).toBe(true);

    await visit(others, '/account');
    await signIn(others, email);
    await see(others, 'Your account');
    await visit(person, '/account/sessions');
    await press(person, 'Sign out all other devices');
    await hear(person, 'All other devices were signed out.');
    expect((await me(others)).code).toBe('unauthenticated');

    await signIn(others, email);
    await see(others, 'Your account');
    await press(person, 'Sign out all devices, this one too');
    await see(person, 'Sign in');
    await hear(person, 'You are signed out.');
    // Told once.
    await person.page.reload();
    await see(person, 'Sign in');
    expect(await person.page.getByRole('status').count()).toBe(0);
    for (const each of [person, others]) expect((await me(each)).code).toBe('unauthenticated');
    await visit(others, '/account');
    await see(others, 'Sign in');
    expect([...person.complaints, ...others.complaints]).toEqual([]);
  });

  test('somebody deletes the account, by its password', async () => {
    const person = await open();
    const email = freshEmail();
    await register(person, email);
    await follow(person, 'Delete account …');
    await see(person, 'Delete your account?');
    await fill(person, { 'Your password, to confirm': 'not this one at all' });
    await press(person, 'Delete for good');
    await hearProblem(person, 'This is not your password.');
    await seeFocus(person, 'password');
    expect((await me(person)).success).toBe(true);
    await fill(person, { 'Your password, to confirm': password });
    await press(person, 'Delete for good');
    await see(person, 'Sign in');
    await hear(person, 'Your account was deleted.');
    expect((await me(person)).code).toBe('unauthenticated');
    await signIn(person, email);
    await hearProblem(person, 'The e-mail address or the password is incorrect.');
    expect(person.complaints).toEqual([]);
  });

  test('a form waits while its sender passes the second step again, and is done then', async () => {
    const person = await open();
    const { page } = person;
    const [email, newEmail] = [freshEmail(), freshEmail()];
    await register(person, email);
    await verify(person, email);
    const app = await turnOnTwoFactor(person);
    await signOut(person);
    await signIn(person, email);
    await fill(person, { 'Six-digit code': await app.code() });
    await page.getByLabel('Do not ask on this device').check();
    await press(person, 'Continue');
    await see(person, 'Your account');
    await signOut(person);
    // A trusted device is not asked, but has not passed the second step just now either.
    await signIn(person, email);
    await see(person, 'Your account');

    await fill(person, { 'New address': newEmail });
    await press(person, 'Change address');
    await see(person, 'Please confirm that it is you');
    await page.getByText('What you entered is kept.').waitFor();
    const code = 'Six-digit code of your authenticator app';
    const confirm = page
      .getByRole('main')
      .locator('form')
      .filter({ has: page.getByLabel(code) });
    await page.getByLabel(code).fill(app.wrongCode());
    await confirm.getByRole('button', { name: 'Confirm' }).click();
    await hearProblem(person, 'The code is incorrect or was used before.');
    await seeFocus(person, 'code');
    await page.getByLabel(code).fill(await app.code());
    await confirm.getByRole('button', { name: 'Confirm' }).click();
    await hear(person, 'Follow the link in the e-mail to your new address.');
    expect(pathOf(person)).toBe('/account#email');

    await followMail(person, newEmail, 'confirm_email_change');
    await press(person, 'Confirm new address');
    await see(person, 'Address changed');
    expect((await me(person)).user.email).toBe(newEmail);
    // The session is recent now, and the next form is done at once.
    await visit(person, '/account/security');
    await press(person, 'New backup codes');
    await see(person, 'Keep your backup codes');
    expect(person.complaints).toEqual([]);
  });

  test('somebody changes name and password, downloads the data and disowns what other devices did', async () => {
    const person = await open();
    const { page } = person;
    const email = freshEmail();
    await register(person, email);
    const others = await open();
    await signIn(others, email);
    await see(others, 'Your account');
    await fill(person, { Name: 'Grace' });
    await press(person, 'Save');
    await hear(person, 'Your profile was saved.');
    expect((await me(person)).user.name).toBe('Grace');

    const change = { 'New password': otherPassword, 'Repeat the new password': otherPassword };
    await fill(person, { 'Current password': otherPassword, ...change });
    await press(person, 'Change password');
    await hearProblem(person, 'This is not your current password.');
    await seeFocus(person, 'currentPassword');
    await fill(person, { 'Current password': password, ...change });
    await press(person, 'Change password');
    await hear(person, 'Your password was changed.');
    expect((await me(others)).code).toBe('unauthenticated');

    const downloading = page.waitForEvent('download');
    await press(person, 'Download');
    const file = await (await downloading).path();
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ success: true, user: { email } });

    await signIn(others, email, otherPassword);
    await see(others, 'Your account');
    await follow(person, 'Security');
    await page.getByRole('main').getByRole('link', { name: 'This was not me: Signed in,' }).first().click();
    await see(person, 'This was not you?');
    expect((await me(others)).code).toBeUndefined();
    await press(person, 'This was not me');
    await hear(person, 'Now open the link in the e-mail that we have sent you');
    expect(pathOf(person)).toBe('/account/security#activity');
    expect((await me(others)).code).toBe('unauthenticated');
    expect([...person.complaints, ...others.complaints]).toEqual([]);
  });

  test('the demo user looks around, and signs out', async () => {
    const person = await open();
    await visit(person, '/account/security');
    await signIn(person, 'demo@nexora.ai', 'password123');
    await see(person, 'The demo account');
    await press(person, 'Sign out');
    await hear(person, 'You are signed out.');
    expect((await me(person)).code).toBe('unauthenticated');
    expect(person.complaints).toEqual([]);
  });
});

import { type Authenticator, finishSetup } from './authenticator.ts';
import type { PageService } from './page-service.ts';
import {
  fill,
  follow,
  followMail,
  freshEmail,
  hearProblem,
  otherPassword,
  password,
  press,
  register,
  see,
  signIn,
  signInAtIssuer,
  signOut,
  type Visitor,
  verify,
  visit,
} from './visitor.ts';

/** Looks at the page on the screen. A name is used once in a tour. */
export type Look = (name: string) => Promise<void>;

/** The addresses that a tour types, none of which has an account. */
export interface TourEmails {
  readonly unknown: string;
  readonly own: string;
  readonly changed: string;
  readonly forgetful: string;
  readonly ofProvider: string;
}

export function freshEmails(): TourEmails {
  const [unknown, own, changed] = [freshEmail(), freshEmail(), freshEmail()];
  return { unknown, own, changed, forgetful: freshEmail(), ofProvider: freshEmail() };
}

/** Leads a visitor, who is signed out, through every page and what it shows when something was refused. */
export async function tourPages(
  service: PageService,
  visitor: Visitor,
  look: Look,
  emails = freshEmails(),
): Promise<void> {
  await tourSignedOut(visitor, emails, look);
  await tourNewAccount(visitor, emails, look);
  const app = await tourTwoFactor(visitor, emails, look);
  await tourConfirming(service, visitor, emails, app, look);
  await tourLinksOfAccount(service, visitor, emails, look);
  await tourOtherLinks(visitor, emails, look);
  await tourProviders(service, visitor, emails, look);
}

async function tourSignedOut(visitor: Visitor, { unknown }: TourEmails, look: Look): Promise<void> {
  await visit(visitor, '/');
  await look('login');
  await signIn(visitor, unknown);
  await hearProblem(visitor, 'incorrect');
  await look('login-refused');
  await visit(visitor, '/register');
  await look('register');
  await fill(visitor, {
    ...{ Name: 'Ada', 'E-mail address': unknown, Password: 'short', 'Repeat the password': 'other' },
  });
  await press(visitor, 'Create account');
  await visitor.page.getByRole('alert').waitFor();
  await look('register-refused');
  await visit(visitor, '/reset-password');
  await look('forgot-password');
  await fill(visitor, { 'E-mail address': unknown });
  await press(visitor, 'Send link');
  await see(visitor, 'Check your e-mail');
  await look('forgot-password-sent');
  await visit(visitor, '/check-your-mail');
  await look('check-your-mail');
  // Past the check of the browser.
  await visitor.page.locator('main form').evaluate((form: HTMLFormElement) => {
    form.noValidate = true;
  });
  await fill(visitor, { 'E-mail address': 'ada' });
  await press(visitor, 'Send link');
  await visitor.page.getByRole('alert').waitFor();
  await look('check-your-mail-refused');
  await fill(visitor, { 'E-mail address': unknown });
  await press(visitor, 'Send link');
  await visitor.page.getByRole('status').waitFor();
  await look('check-your-mail-sent');
  await visit(visitor, '/login/two-factor');
  await look('two-factor-expired');
  await visit(visitor, '/auth/verify-email');
  await look('link-incomplete');
  await visit(visitor, '/auth/nothing');
  await look('not-found');
  await visit(visitor, '/language');
  await visit(visitor, '/dev/outbox');
  await look('dev-outbox');
}

async function tourNewAccount(visitor: Visitor, { own: email }: TourEmails, look: Look): Promise<void> {
  await register(visitor, email);
  await see(visitor, 'Your account');
  await look('account-new');
  await fill(visitor, { Name: 'Ada Lovelace' });
  await press(visitor, 'Save');
  await visitor.page.getByRole('status').waitFor();
  await look('account-saved');
  await fill(visitor, { 'New address': email });
  await press(visitor, 'Change address');
  await hearProblem(visitor, 'This is your current address.');
  await look('account-refused');
  await visit(visitor, '/account/security');
  await look('security-new');
  await followMail(visitor, email, 'verify_email');
  await look('verify-email');
  await visitor.page.goBack();
  await look('dev-mail');
  await visit(visitor, '/dev/outbox');
  await look('dev-outbox-full');
  await verify(visitor, email);
  await look('verify-email-done');
}

async function tourTwoFactor(
  visitor: Visitor,
  { own: email }: TourEmails,
  look: Look,
): Promise<Authenticator> {
  await visit(visitor, '/account/security');
  await look('security-off');
  await press(visitor, 'Set up');
  await see(visitor, 'Set up two-factor authentication');
  await look('two-factor-setup');
  await fill(visitor, { 'Six-digit code': '12345' });
  await press(visitor, 'Turn on');
  await visitor.page.getByRole('alert').waitFor();
  await look('two-factor-setup-refused');
  const app = await finishSetup(visitor);
  await look('backup-codes');
  await visit(visitor, '/account/security');
  await fill(visitor, { 'Six-digit code': app.wrongCode() });
  await press(visitor, 'Turn off');
  await hearProblem(visitor, 'The code is incorrect');
  await look('security-refused');
  await follow(visitor, 'Sign out');
  await look('logout');
  await signOut(visitor);
  await look('logout-done');
  await signIn(visitor, email);
  await see(visitor, 'Second step');
  await look('two-factor');
  await follow(visitor, 'Use a backup code');
  await look('two-factor-backup-code');
  await fill(visitor, { 'Backup code': 'abcd-efgh-ijkl' });
  await press(visitor, 'Continue');
  await visitor.page.getByRole('alert').waitFor();
  await look('two-factor-refused');
  await follow(visitor, 'Use your authenticator app');
  await fill(visitor, { 'Six-digit code': await app.code() });
  await visitor.page.getByLabel('Do not ask on this device').check();
  await press(visitor, 'Continue');
  await see(visitor, 'Your account');
  await look('account');
  await visit(visitor, '/account/sessions');
  await look('sessions');
  await visit(visitor, '/account/security');
  await look('security');
  await visitor.page.getByRole('link', { name: 'This was not me' }).first().click();
  await visitor.page.waitForURL((url) => url.pathname === '/account/not-me');
  await look('event-not-me');
  await visit(visitor, '/account/delete');
  await look('delete');
  await fill(visitor, { 'Your password, to confirm': otherPassword });
  await press(visitor, 'Delete for good');
  await hearProblem(visitor, 'This is not your password.');
  await look('delete-refused');
  return app;
}

async function tourConfirming(
  service: PageService,
  visitor: Visitor,
  { own: email }: TourEmails,
  app: Authenticator,
  look: Look,
): Promise<void> {
  await service.ageSessions(email);
  await visit(visitor, '/account/security');
  await press(visitor, 'New backup codes');
  await see(visitor, 'Please confirm that it is you');
  await look('reauthenticate');
  const forms = visitor.page.getByRole('main').locator('form');
  const byCode = forms.filter({ has: visitor.page.getByLabel('Backup code') });
  await byCode.getByLabel('Backup code').fill('abcd-efgh-ijkl');
  await byCode.getByRole('button').click();
  await visitor.page.getByRole('alert').waitFor();
  await look('reauthenticate-refused');
  await byCode.getByLabel('Backup code').fill(app.backupCodes[0] ?? '');
  await byCode.getByRole('button').click();
  await see(visitor, 'Keep your backup codes');
}

/** What the links of mails open, for somebody who is signed in. */
async function tourLinksOfAccount(
  { adminSecret }: PageService,
  visitor: Visitor,
  { own: email, changed }: TourEmails,
  look: Look,
): Promise<void> {
  const { request } = visitor.context;
  const { user } = await (await request.get(`${visitor.origin}/api/auth/me`)).json();
  await request.post(`${visitor.origin}/api/admin/users/${user.id}/two-factor/reset`, {
    headers: { Authorization: `Bearer ${adminSecret}` },
  });
  await followMail(visitor, email, 'two_factor_reset_requested');
  await look('keep-two-factor');
  await visit(visitor, '/account');
  await fill(visitor, { 'New address': changed });
  await press(visitor, 'Change address');
  await visitor.page.getByRole('status').waitFor();
  await followMail(visitor, changed, 'confirm_email_change');
  await look('confirm-email');
  await press(visitor, 'Confirm new address');
  await see(visitor, 'Address changed');
  await followMail(visitor, email, 'email_changed');
  await look('revert-email');
  await signOut(visitor);
}

/** What they open for somebody who is not. */
async function tourOtherLinks(visitor: Visitor, { forgetful: email }: TourEmails, look: Look): Promise<void> {
  await register(visitor, email);
  await signOut(visitor);
  // A browser that the account does not know.
  await visitor.context.clearCookies();
  await signIn(visitor, email);
  await see(visitor, 'Your account');
  await followMail(visitor, email, 'new_device');
  await look('not-me');
  await press(visitor, 'Sign out everywhere');
  await see(visitor, 'Signed out everywhere');
  await look('not-me-done');
  await followMail(visitor, email, 'reset_password');
  await look('reset-password');
  await fill(visitor, { 'New password': otherPassword, 'Repeat the new password': password });
  await press(visitor, 'Save new password');
  await hearProblem(visitor, 'The two passwords differ.');
  await look('reset-password-refused');
  await visitor.context.clearCookies();
  const isLocked = visitor.page.getByText('Too many attempts.');
  while (!(await isLocked.isVisible())) {
    await signIn(visitor, email, 'no password of theirs');
    await visitor.page.getByRole('alert').waitFor();
  }
  await look('login-locked');
  await followMail(visitor, email, 'account_locked');
  await look('unlock');
}

/** What people see on the way to a provider, and who confirms there. */
async function tourProviders(
  service: PageService,
  visitor: Visitor,
  { ofProvider: email, unknown }: TourEmails,
  look: Look,
): Promise<void> {
  const { page, context, origin } = visitor;
  await visit(visitor, '/login?error=access_denied');
  await look('login-cancelled');
  await follow(visitor, 'Continue with Local issuer');
  await signInAtIssuer(visitor, 'Local issuer', email);
  await see(visitor, 'Your account');
  await look('account-of-provider');
  await visit(visitor, '/account/delete');
  await look('delete-without-password');
  await service.ageSessions(email);
  await visit(visitor, '/account');
  await fill(visitor, { 'New address': unknown });
  await press(visitor, 'Change address');
  await see(visitor, 'Please confirm that it is you');
  await look('reauthenticate-by-mail');
  await press(visitor, 'Send me a code by e-mail');
  await page.getByRole('status').waitFor();
  await look('reauthenticate-sent');
  // Nobody leaves the page on the way.
  const elsewhere = (url: URL) => url.origin !== origin;
  await context.route(elsewhere, (route) => route.abort('aborted'));
  await press(visitor, 'Confirm at Local issuer');
  await see(visitor, 'Continue to Local issuer');
  await look('onward');
  await context.unroute(elsewhere);
  await follow(visitor, 'Continue to Local issuer');
  await signInAtIssuer(visitor, 'Local issuer', email);
  await page.getByText('You have confirmed that it is you.').waitFor();
  await look('reauthenticate-confirmed');
  await context.clearCookies();
  await signIn(visitor, 'demo@nexora.ai', 'password123');
  await see(visitor, 'The demo account');
  await look('account-of-demo');
}

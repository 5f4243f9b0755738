import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { type LocalIssuer, startLocalIssuer } from '../../tools/local-issuer/start-local-issuer.ts';
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
  pathOf,
  press,
  register,
  see,
  signInAtIssuer,
  signOut,
  type Visitor,
  verify,
  visit,
} from '../support/node/visitor.ts';

// What only a browser can say: whether it goes to a provider and comes back under the pages' own policies, and which cookies
// it brings along. The service is at localhost and the issuers are at 127.0.0.1, which is another site to a browser.

let byForm: LocalIssuer | undefined;
const service = usePageService({ port: 29_787, variables: startByForm });
afterAll(() => byForm?.stop());

/** An issuer that sends people back by a form of its own, beside those of `npm run dev`. */
async function startByForm(origin: string): Promise<{ readonly OIDC_PROVIDERS: string }> {
  const client = { clientId: 'nexora', clientSecret: randomBytes(32).toString('base64url') };
  const redirectUris = [`${origin}/api/auth/oauth/by-form/callback`];
  byForm = await startLocalIssuer({
    port: 0,
    name: 'Issuer by form',
    clients: [{ ...client, redirectUris }],
  });
  const provider = {
    ...{ id: 'by-form', name: 'Issuer by form', issuer: byForm.issuer, ...client },
    ...{ trustEmail: true, responseMode: 'form_post' },
  };
  return { OIDC_PROVIDERS: JSON.stringify([provider]) };
}

/** The cookies of a request that has that of a visit to a provider and no other. */
const visitAlone = /^__Host-nexora_oauth_[\w-]+=[^;]+$/;

/** Signs in by a provider that has not seen this browser. */
async function signInBy(visitor: Visitor, issuer: string, email: string): Promise<void> {
  await visit(visitor, '/login');
  await follow(visitor, `Continue with ${issuer}`);
  await signInAtIssuer(visitor, issuer, email);
  await see(visitor, 'Your account');
}

function identitiesOf({ page }: Visitor) {
  return page.locator('#identities').getByRole('listitem');
}

describe.each(formFactors)('sign-in with providers, $how', { timeout: 60_000 }, ({ options }) => {
  test('a person signs in, connects another account, removes the first one and signs out', async () => {
    const person = await openVisitor(service(), options);
    const [email, other] = [freshEmail(), freshEmail()];
    await signInBy(person, 'Local issuer', email);
    const { user, session } = await me(person);
    expect(user).toMatchObject({ email, name: 'Ada', emailVerified: true, hasPassword: false });
    expect(session.method).toBe('local');

    // The page on the way leads on by itself.
    await press(person, 'Connect Second local issuer');
    await signInAtIssuer(person, 'Second local issuer', other);
    await identitiesOf(person).filter({ hasText: email }).waitFor();
    await identitiesOf(person).filter({ hasText: other }).waitFor();
    expect((await me(person)).user.email).toBe(email);

    await press(person, 'Remove Local issuer');
    await hear(person, 'The connected account was removed.');
    expect(await identitiesOf(person).count()).toBe(1);
    await press(person, 'Remove Second local issuer');
    await hearProblem(person, 'This is the only way to sign in to your account.');
    await identitiesOf(person).filter({ hasText: other }).waitFor();

    await signOut(person);
    expect((await me(person)).code).toBe('unauthenticated');
    expect(person.complaints).toEqual([]);
  });

  test('a target is where the sign-in ends', async () => {
    const person = await openVisitor(service(), options);
    await visit(person, '/login?redirectTo=/account/sessions');
    await follow(person, 'Create one');
    await follow(person, 'Continue with Local issuer');
    await signInAtIssuer(person, 'Local issuer', freshEmail());
    await see(person, 'Your devices');
    expect(pathOf(person)).toBe('/account/sessions');
    expect(person.complaints).toEqual([]);
  });

  test('an account with two-factor is asked for its code after the provider', async () => {
    const person = await openVisitor(service(), options);
    const email = freshEmail();
    await register(person, email);
    await verify(person, email);
    await visit(person, '/account');
    await press(person, 'Connect Local issuer');
    await signInAtIssuer(person, 'Local issuer', email);
    await identitiesOf(person).filter({ hasText: email }).waitFor();
    const app = await turnOnTwoFactor(person);
    await signOut(person);
    await visit(person, '/login?redirectTo=/account/sessions');
    // The provider knows its person still, and asks nothing.
    await follow(person, 'Continue with Local issuer');
    await see(person, 'Second step');
    expect((await me(person)).code).toBe('unauthenticated');
    await fill(person, { 'Six-digit code': await app.code() });
    await press(person, 'Continue');
    await see(person, 'Your devices');
    expect(person.complaints).toEqual([]);
  });

  test('a form waits while its sender is at a provider, and is done by a press of a button then', async () => {
    const person = await openVisitor(service(), options);
    const [email, newEmail] = [freshEmail(), freshEmail()];
    await signInBy(person, 'Local issuer', email);
    const before = await me(person);
    await service().ageSessions(email);
    await fill(person, { 'New address': newEmail });
    await press(person, 'Change address');
    await see(person, 'Please confirm that it is you');
    // Asked there although it knows them.
    await press(person, 'Confirm at Local issuer');
    await signInAtIssuer(person, 'Local issuer', email);
    await hear(person, 'You have confirmed that it is you.');
    await press(person, 'Continue');
    await hear(person, 'Follow the link in the e-mail to your new address.');
    const after = await me(person);
    expect(after.user.id).toBe(before.user.id);
    expect(after.session.id).not.toBe(before.session.id);
    await followMail(person, newEmail, 'confirm_email_change');
    expect(person.complaints).toEqual([]);
  });

  test('a form waits for a code by mail, and is done when the code is entered', async () => {
    const person = await openVisitor(service(), options);
    const { page } = person;
    const email = freshEmail();
    await signInBy(person, 'Local issuer', email);
    await service().ageSessions(email);
    await visit(person, '/account/delete');
    await press(person, 'Delete for good');
    await see(person, 'Please confirm that it is you');
    const asked = pathOf(person);
    await press(person, 'Send me a code by e-mail');
    await hear(person, 'We have sent a code to the address of your account.');
    await visit(person, '/dev/outbox');
    const entry = page.getByRole('listitem').filter({ hasText: `to ${email}, reauthentication_code` });
    await entry.getByRole('link').click();
    const code = /\b\d{8}\b/.exec((await page.locator('pre').textContent()) ?? '')?.[0] ?? '';
    await visit(person, asked);
    await fill(person, { 'Code from the e-mail': code });
    await press(person, 'Confirm');
    await hear(person, 'Your account was deleted.');
    expect(person.complaints).toEqual([]);
  });

  test('who cancels at the provider is told so on the page from which they left', async () => {
    const person = await openVisitor(service(), options);
    const { page, origin } = person;
    const cancel = async (sentence: string) => {
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.waitForURL((url) => url.origin === origin);
      await hearProblem(person, sentence);
    };
    await visit(person, '/login');
    await follow(person, 'Continue with Local issuer');
    await cancel('Nobody was signed in.');
    await see(person, 'Sign in');
    // The code has left the address bar, where there is JavaScript.
    if (!('javaScriptEnabled' in options)) expect(pathOf(person)).toBe('/login');
    expect((await me(person)).code).toBe('unauthenticated');
    await register(person, freshEmail());
    await press(person, 'Connect Second local issuer');
    await cancel('You came back without a confirmation.');
    await see(person, 'Your account');
    if (!('javaScriptEnabled' in options)) expect(pathOf(person)).toBe('/account#identities');
    expect(await identitiesOf(person).count()).toBe(0);
    expect(person.complaints).toEqual([]);
  });
});

describe('sign-in with a provider that answers by a form', { timeout: 60_000 }, () => {
  test('a provider that posts its answer from its own site gets back the cookie of the visit alone (CKE-07)', async () => {
    const person = await openVisitor(service());
    const { page, context, origin } = person;
    const callback = () =>
      page.waitForRequest((request) => request.url().endsWith('/api/auth/oauth/by-form/callback'));
    const posted = callback();
    const email = freshEmail();
    await signInBy(person, 'Issuer by form', email);
    const headers = await (await posted).allHeaders();
    expect((await posted).method()).toBe('POST');
    expect(headers['sec-fetch-site']).toBe('cross-site');
    expect(headers.cookie).toMatch(visitAlone);
    expect((await me(person)).session.method).toBe('by-form');

    // Connected from a session, whose own cookies stay behind on the way back and are there again on the page.
    await press(person, 'Connect Local issuer');
    await signInAtIssuer(person, 'Local issuer', freshEmail());
    await press(person, 'Remove Issuer by form');
    await hear(person, 'The connected account was removed.');
    const again = callback();
    await press(person, 'Connect Issuer by form');
    // The issuer knows its person still, and asks nothing.
    await identitiesOf(person).filter({ hasText: email }).waitFor();
    expect((await (await again).allHeaders()).cookie).toMatch(visitAlone);
    const left = (await context.cookies(origin)).map(({ name }) => name);
    expect(left.filter((name) => name.startsWith('__Host-nexora_oauth_'))).toEqual([]);
    expect(person.complaints).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { isFull } from '../../contract/route-choice.ts';
import { freshClient, otherPassword, password, registerUser } from '../../support/accounts.ts';
import { authCookies } from '../../support/client.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { landing } from '../../support/social.ts';
import { codeAt, completeChallenge, freshCode, type TwoFactorUser } from '../../support/two-factor.ts';
import {
  postRegistration,
  registerForToken,
  storeRegistration,
  verify,
  waitingFor,
} from '../email-verification/pending-registrations.ts';
import { signedInBy } from '../sessions/session-fixtures.ts';
import { freshVerifier } from '../social/app-visits.ts';
import { arrive, enterBy, freshSubject, holdersOf, socialClient } from '../social/people.ts';
import {
  change,
  databaseOf,
  enable,
  kindsTo,
  logInAs,
  startSetup,
  trustDevice,
  trustedCookie,
} from '../two-factor/calls.ts';

const app = 'com.example.app:/signed-in';
const serving = (mode: string) => socialClient({ EMAIL_VERIFICATION: mode, APP_REDIRECTS: app });
const modes = { off: serving('off'), optional: serving('optional'), required: serving('required') };
const { off, required } = modes;
const modeNames = ['off', 'optional', 'required'] as const;

/** An account whose address nobody has verified, as one that was registered without verification. */
async function unverified(email?: string) {
  const answer = await registerUser(off, email === undefined ? {} : { email });
  const deviceToken = answer.headers.get('X-Device-Token') ?? '';
  return { ...signedInBy(answer), email: answer.email, deviceToken };
}

/** Turns two-factor on, which asks for no verification where there is none. */
async function protect(account: Awaited<ReturnType<typeof unverified>>): Promise<TwoFactorUser> {
  const setup = await startSetup(off, account.accessToken);
  const { secret } = setup.json;
  const enabled = await enable(off, account.accessToken, codeAt(secret));
  expect(enabled.status, enabled.text).toBe(200);
  const { accessToken, refreshToken, backupCodes } = enabled.json;
  return { ...account, secret, backupCodes, accessToken, refreshToken, bodyToken: refreshToken };
}

const protectedAccount = async () => protect(await unverified());

/** Lets the operator's reset of the second factor be due. */
const lapse = ({ userId }: { userId: string }) =>
  change(off, sql`UPDATE users SET two_factor_reset_at = now() WHERE id = ${userId}::uuid`);

/** All that a take-over would change, but for what was counted and recorded. */
async function stateOf({ userId }: { readonly userId: string }) {
  return databaseOf(off).query(sql`
    SELECT u.*, (SELECT json_agg(s.id) FROM sessions s WHERE s.user_id = u.id) AS sessions,
      (SELECT json_agg(f) FROM factors f WHERE f.user_id = u.id) AS factors,
      (SELECT count(*)::int FROM backup_codes b WHERE b.user_id = u.id) AS backup_codes,
      (SELECT count(*)::int FROM trusted_devices d WHERE d.user_id = u.id) AS trusted,
      (SELECT count(*)::int FROM identities i WHERE i.user_id = u.id) AS identities
    FROM users u WHERE u.id = ${userId}::uuid`);
}

const factorsOf = async ({ userId }: { readonly userId: string }) => {
  const rows = await databaseOf(off).query(sql`SELECT id FROM factors WHERE user_id = ${userId}::uuid`);
  return rows.length;
};

async function expectStillProtected(user: TwoFactorUser): Promise<void> {
  const first = await logInAs(off, user);
  expect(first.json, first.text).toMatchObject({ twoFactorRequired: true });
  const second = await completeChallenge(off, first, { code: await freshCode(off, user) });
  expect(second.json.user, second.text).toMatchObject({ id: user.userId, twoFactorEnabled: true });
}

describe('an unverified account that asks for a second factor', { timeout: 60_000 }, () => {
  // The rule asks whether a provider is trusted, not which it is.
  const providers = isFull ? ['google', 'apple', 'github', 'acme'] : ['google'];
  const ways = modeNames.flatMap((mode) => providers.map((provider) => [provider, mode] as const));
  test.each(ways)(
    'is nobody\u2019s who comes by a trusted provider, and its owner is told: %s with verification %s (LNK-16)',
    async (provider, mode) => {
      const user = await protectedAccount();
      const before = await stateOf(user);
      const [earlier, sub] = [await kindsTo(off, user.email), freshSubject()];
      const answer = await arrive(modes[mode], provider, { sub, email: user.email });
      expect(landing(answer).error).toBe('account_exists');
      expect(await stateOf(user)).toEqual(before);
      expect(await holdersOf(off, sub)).toEqual([]);
      expect((await kindsTo(off, user.email)).slice(earlier.length)).toEqual(['identity_not_linked']);
      await expectStillProtected(user);
    },
  );

  test('nor by one for an app, nor on a device that the account trusts (LNK-16)', async () => {
    const user = await protectedAccount();
    const { token } = await trustDevice(off, user);
    const before = await stateOf(user);
    const person = { sub: freshSubject(), email: user.email };
    const { codeChallenge } = await freshVerifier();
    const query = { transport: 'body', codeChallenge, redirectTo: app };
    const forApp = landing(await arrive(off, 'google', person, { query }));
    expect(forApp).toMatchObject({ error: 'account_exists', code: null });
    const cookies = { [trustedCookie]: token };
    expect(landing(await arrive(off, 'google', person, { options: { cookies } })).error).toBe(
      'account_exists',
    );
    expect(await stateOf(user)).toEqual(before);
  });

  test('is no pending registration\u2019s: account_exists whatever the password and however often, and the link is not spent (LNK-16, LNK-17)', async () => {
    const account = await unverified();
    const token = await registerForToken(required, account.email, {
      ...{ password: otherPassword, confirmPassword: otherPassword },
    });
    const user = await protect(account);
    const before = await stateOf(user);
    const wrong = Array(10).fill({ password: 'wrong password' });
    for (const body of [{}, { password: otherPassword }, { password }, ...wrong]) {
      const answer = await verify(required, { token, ...body });
      expect([answer.status, answer.json.code], answer.text).toEqual([409, 'account_exists']);
      expect(answer).toMatchObject({ roundTrips: 1, hashes: 0, setCookies: [] });
    }
    expect(await stateOf(user)).toEqual(before);
    expect(await waitingFor(off, user.email)).toBe(1);
    await expectStillProtected(user);

    // Nothing was counted, and the link works as soon as the account does not ask any longer; its address is told.
    await lapse(user);
    const done = await verify(required, { token, password: otherPassword });
    expect(done.json.user, done.text).toMatchObject({ id: user.userId, twoFactorEnabled: false });
    expect(await kindsTo(off, user.email)).toContain('account_taken_over');
  });

  test('is none on the page of the link either, which says so in the reader\u2019s language (LNK-16)', async () => {
    const account = await unverified();
    const token = await registerForToken(required, account.email);
    await protect(account);
    const told = {
      en: 'An account has this address already. Sign in to it in another way.',
      de: 'Zu dieser Adresse gibt es schon ein Konto. Melden Sie sich dort auf andere Weise an.',
    };
    for (const [language, sentence] of Object.entries(told)) {
      const headers = { 'Accept-Language': language };
      const answer = await required.submit('/auth/verify-email', { token, password }, { headers });
      expect(answer).toMatchObject({ status: 409, setCookies: [] });
      expect(answer.text).toContain(sentence);
    }
    const looked = await required.get(`/auth/verify-email?token=${token}`);
    expect(looked).toMatchObject({ status: 200, roundTrips: 0 });
  });

  test('has its address taken to whoever registers it: 202, its owner is told, and nothing is stored (ENU-04, LNK-16)', async () => {
    const user = await protectedAccount();
    const earlier = (await mailsTo(off, user.email)).length;
    const answer = await postRegistration(required, user.email);
    expect(answer.status).toBe(202);
    expect((await kindsTo(off, user.email)).slice(earlier)).toEqual(['email_taken']);
    expect(await waitingFor(off, user.email)).toBe(0);
  });

  test('is verified by its own link, which a resend mails, its password and its factor, with what it has', async () => {
    const user = await protectedAccount();
    await storeRegistration(off, user.email);
    const asked = await required.post(
      '/api/auth/email/resend',
      { email: user.email },
      { headers: freshClient() },
    );
    expect(asked.status).toBe(202);
    const token = await tokenFrom(off, user.email, 'verify_email');
    const answer = await verify(required, { token, password });
    expect(answer.json, answer.text).toMatchObject({ twoFactorRequired: true });
    const second = await completeChallenge(required, answer, { code: await freshCode(off, user) });
    expect(second.json.user).toMatchObject({ emailVerified: true, twoFactorEnabled: true });
  });
});

describe('an unverified account whose second factor has lapsed', { timeout: 60_000 }, () => {
  test('is open to take-over, and nothing of the factor stays: by a provider (LNK-16, OTP-15)', async () => {
    const user = await protectedAccount();
    await lapse(user);
    const owner = await enterBy(off, 'google', { sub: freshSubject(), email: user.email });
    expect(owner.user).toMatchObject({ id: user.userId, twoFactorEnabled: false });
    expect(await factorsOf(user)).toBe(0);
  });

  test('the same by a pending registration, which it may be requested for (LNK-16, OTP-15)', async () => {
    const user = await protectedAccount();
    await lapse(user);
    const token = await registerForToken(required, user.email);
    const done = await verify(required, { token, password });
    expect(done.json.user, done.text).toMatchObject({ id: user.userId, twoFactorEnabled: false });
    expect(await factorsOf(user)).toBe(0);
    const me = await required.get('/api/auth/me', { cookies: authCookies(done) });
    expect(me.json.user).toMatchObject({ id: user.userId, emailVerified: true });
  });
});

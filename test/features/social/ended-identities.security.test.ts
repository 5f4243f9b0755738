import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { isFull } from '../../contract/route-choice.ts';
import { freshClient, freshEmail, otherPassword, password, registerUser } from '../../support/accounts.ts';
import { storeLink } from '../../support/links.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { landing } from '../../support/social.ts';
import { completeChallenge, freshCode, twoFactorUser } from '../../support/two-factor.ts';
import { confirm, move } from '../email-change/mover.ts';
import { reset } from '../password/password-reset.ts';
import { cookiesOf } from '../sessions/session-fixtures.ts';
import {
  change,
  databaseOf,
  eventsOf,
  kindsTo,
  logInAs,
  trustDevice,
  verifiedUser,
} from '../two-factor/calls.ts';
import { arrive, enterBy, freshSubject, holdersOf, linkTo, providersOf, socialClient } from './people.ts';

const client = socialClient();
const stranger = socialClient({ EMAIL_VERIFICATION: 'optional' });
const someone = (email = freshEmail()) => ({ sub: freshSubject(), email });

/** Somebody who has registered an address that is not theirs, and has put into the account all that one can. */
async function squatter() {
  const user = await twoFactorUser(client);
  const { token: trustedDeviceToken } = await trustDevice(client, user);
  const newEmail = freshEmail();
  const options = { bearer: user.accessToken, headers: freshClient() };
  const asked = await client.post('/api/auth/email/change', { newEmail }, options);
  expect(asked.status, asked.text).toBe(202);
  const changeToken = await tokenFrom(client, newEmail, 'confirm_email_change');
  const resetToken = await storeLink(client, 'reset_password', { id: user.userId, email: user.email });
  const notMeToken = await storeLink(client, 'not_me', { id: user.userId, email: user.email });
  const [own, earlier] = [someone(), someone()];
  await databaseOf(client).query(sql`
    INSERT INTO identities (user_id, provider, issuer, subject, email, is_email_proved)
    VALUES (${user.userId}::uuid, 'google', 'https://accounts.google.com', ${own.sub}, ${own.email}, true)`);
  const openChallenge = await logInAs(client, user);
  expect(openChallenge.json.twoFactorRequired).toBe(true);
  // The second factor has lapsed by an operator's reset, or nobody could take the account over. The earlier application has
  // linked somebody, of whom nothing was copied.
  await change(
    client,
    sql`UPDATE users SET email_verified_at = NULL, two_factor_reset_at = now(), oauth_provider = 'github', oauth_id = ${earlier.sub}
      WHERE id = ${user.userId}::uuid`,
  );
  return { ...user, trustedDeviceToken, changeToken, resetToken, notMeToken, own, earlier, openChallenge };
}

/** Whose account an identity leads to, whatever address it tells. */
const ownerOf = async (provider: string, { sub }: { readonly sub: string }) =>
  (await enterBy(client, provider, { sub, email: freshEmail() })).user.id;

/** The rule asks whether a provider is trusted, not which it is: account-rule.security.test.ts goes to all of them. */
const providers = isFull ? ['google', 'github', 'apple', 'acme', 'local'] : ['google'];

describe('an unverified account whose owner comes by a trusted provider', { timeout: 60_000 }, () => {
  test.each(providers)(
    'is theirs from then on, and nothing that was added before opens anything: %s (LNK-01, LNK-05, SES-21)',
    async (provider) => {
      const thief = await squatter();
      const person = { sub: freshSubject(), email: thief.email, name: 'The Owner' };
      const owner = await enterBy(client, provider, person);
      expect(owner.user).toMatchObject({
        ...{ id: thief.userId, email: thief.email, name: 'The Owner' },
        ...{ emailVerified: true, hasPassword: false, twoFactorEnabled: false },
      });
      expect(await providersOf(client, thief.userId)).toEqual([provider]);

      expect((await logInAs(client, thief)).json.code).toBe('invalid_credentials');
      const { trustedDeviceToken } = thief;
      expect((await logInAs(client, thief, { trustedDeviceToken })).json.code).toBe('invalid_credentials');
      expect((await client.get('/api/auth/me', { bearer: thief.accessToken })).status).toBe(401);
      const { refreshToken } = thief;
      expect((await client.post('/api/auth/refresh', { refreshToken })).json.code).toBe('session_expired');
      const second = await completeChallenge(client, thief.openChallenge, {
        code: await freshCode(client, thief),
      });
      expect(second.json.code).toBe('challenge_expired');
      expect((await confirm(client, thief.changeToken)).json.code).toBe('token_invalid');
      expect((await reset(client, thief.resetToken)).json.code).toBe('token_invalid');
      const notMe = await client.post('/api/auth/not-me', { token: thief.notMeToken });
      expect(notMe.json.code).toBe('token_invalid');

      // Their own identities lead to accounts of their own, if anywhere.
      expect(await ownerOf('google', thief.own)).not.toBe(thief.userId);
      expect(await ownerOf('github', thief.earlier)).not.toBe(thief.userId);
      const again = await enterBy(client, provider, person);
      expect(again.user).toMatchObject({ id: thief.userId, email: thief.email });
      const left = await databaseOf(client).query(sql`
        SELECT (SELECT count(*)::int FROM factors WHERE user_id = ${thief.userId}::uuid) AS factors,
          (SELECT count(*)::int FROM backup_codes WHERE user_id = ${thief.userId}::uuid) AS backup_codes,
          (SELECT count(*)::int FROM trusted_devices WHERE user_id = ${thief.userId}::uuid) AS trusted`);
      expect(left).toEqual([{ factors: 0, backup_codes: 0, trusted: 0 }]);
    },
  );

  test('has that recorded: the proof of the address, the identity and the sign-in (LNK-01)', async () => {
    const { email, json } = await registerUser(client);
    const earlier = await eventsOf(client, { userId: json.user.id });
    await enterBy(client, 'google', someone(email));
    const events = (await eventsOf(client, { userId: json.user.id })).slice(earlier.length);
    expect(events.toSorted()).toEqual(
      expect.arrayContaining([
        'authn_login_success google',
        'user_updated email_verified',
        'user_updated identity_linked google',
      ]),
    );
  });

  test('is a new account to the thief, who is told of nothing but that it is gone', async () => {
    const thief = await registerUser(stranger);
    const mails = (await mailsTo(stranger, thief.email)).length;
    await enterBy(client, 'google', someone(thief.email));
    const token = await tokenFrom(stranger, thief.email, 'verify_email');
    const { accessToken: bearer } = thief.json;
    const verified = await stranger.post('/api/auth/email/verify', { token }, { bearer });
    expect(verified.status).toBeGreaterThanOrEqual(400);
    expect((await mailsTo(stranger, thief.email)).slice(mails)).toMatchObject([
      { kind: 'account_taken_over' },
    ]);
  });

  test('is taken over once more by nobody: the next provider with the address is linked (LNK-03)', async () => {
    const { email, json } = await registerUser(client);
    await enterBy(client, 'google', someone(email));
    const next = await enterBy(client, 'github', someone(email));
    expect(next.user.id).toBe(json.user.id);
    expect(await providersOf(client, json.user.id)).toEqual(['github', 'google']);
    expect(await kindsTo(client, email)).toContain('identity_linked');
  });

  test('ends what an untrusted provider had opened for the address (LNK-01, LNK-03)', async () => {
    const email = freshEmail();
    const pretender = someone(email);
    const opened = await enterBy(client, 'plain', pretender);
    expect(opened.user).toMatchObject({ email, emailVerified: false });
    const owner = await enterBy(client, 'google', someone(email));
    expect(owner.user.id).toBe(opened.user.id);
    expect((await client.get('/api/auth/me', { cookies: opened.cookies })).status).toBe(401);
    const back = await arrive(client, 'plain', pretender);
    expect(landing(back).error).toBe('account_exists');
    expect(await holdersOf(client, pretender.sub)).toEqual([]);
  });
});

/** The registrations of an address that wait. */
const attemptsFor = (email: string) =>
  databaseOf(client).query(sql`SELECT email FROM registration_attempts WHERE email = ${email}`);

describe('an account of two squatters', () => {
  test('goes to the provider, and every attempt to register the address ends with it (LNK-06)', async () => {
    const required = socialClient({ EMAIL_VERIFICATION: 'required' });
    const email = freshEmail();
    const attempt = { email, name: 'Attempt', password: otherPassword, confirmPassword: otherPassword };
    for (const headers of [freshClient(), freshClient()])
      expect((await required.post('/api/auth/register', attempt, { headers })).status).toBe(202);
    const tokens = (await mailsTo(required, email)).map(({ token }) => token);
    const owner = await enterBy(required, 'google', someone(email));
    expect(owner.user).toMatchObject({ email, emailVerified: true, hasPassword: false });
    expect(await attemptsFor(email)).toEqual([]);
    for (const token of tokens) {
      const answer = await required.post('/api/auth/email/verify', { token, password: otherPassword });
      expect(answer.json.code).toBe('token_invalid');
    }
    expect((await logInAs(required, { email }, { password: otherPassword })).json.code).toBe(
      'invalid_credentials',
    );
  });

  test('that are there both, unverified, ends for both of them', async () => {
    const { email, json } = await registerUser(client);
    const required = socialClient({ EMAIL_VERIFICATION: 'required' });
    const attempt = { email, name: 'Attempt', password: otherPassword, confirmPassword: otherPassword };
    await required.post('/api/auth/register', attempt, { headers: freshClient() });
    const token = await tokenFrom(required, email, 'confirm_registration');
    const owner = await enterBy(required, 'google', someone(email));
    expect(owner.user.id).toBe(json.user.id);
    expect(await attemptsFor(email)).toEqual([]);
    const confirmed = await required.post('/api/auth/email/verify', { token, password: otherPassword });
    expect(confirmed.json.code).toBe('token_invalid');
    expect((await client.get('/api/auth/me', { bearer: json.accessToken })).status).toBe(401);
  });
});

/** Somebody with a password whose address is verified. */
async function member() {
  const owner = await verifiedUser(client);
  return { ...owner, cookies: cookiesOf(owner) };
}

async function link(
  owner: { readonly cookies: Readonly<Record<string, string>> },
  provider: string,
  email = freshEmail(),
) {
  const person = someone(email);
  expect(landing(await linkTo(client, provider, person, owner.cookies)).error).toBeNull();
  return person;
}

async function resetPassword({ userId: id, email }: { readonly userId: string; readonly email: string }) {
  const answer = await reset(client, await storeLink(client, 'reset_password', { id, email }));
  expect(answer.status, answer.text).toBe(200);
}

describe('a reset', () => {
  test('leaves the identities whose proved address is that of the account, and ends all others (LNK-05, SES-21)', async () => {
    const owner = await member();
    const own = await link(owner, 'google', owner.email);
    const elsewhere = await link(owner, 'github');
    const unproved = await link(owner, 'plain', owner.email);
    const other = await link(owner, 'acme');
    await resetPassword(owner);
    expect(await providersOf(client, owner.userId)).toEqual(['google']);
    expect(await ownerOf('google', own)).toBe(owner.userId);
    for (const [provider, person] of [
      ['github', elsewhere],
      ['acme', other],
      ['plain', unproved],
    ] as const)
      expect(await ownerOf(provider, person)).not.toBe(owner.userId);
  });

  test.each([
    ['letters', '@b\u00fccher.example', '@xn--bcher-kva.example'],
    ['letters in two code points each', '@bu\u0308cher.example', '@xn--bcher-kva.example'],
    ['letters, and the provider says capitals', '@b\u00fccher.example', '@B\u00dcCHER.Example'],
  ])(
    'leaves that of an account whose address is stored in another spelling: %s (LNK-05, SES-21)',
    async (_what, domain, told) => {
      const [owner, local] = [await member(), `spelt-${crypto.randomUUID()}`];
      const email = `${local}${domain}`;
      await change(
        client,
        sql`UPDATE users SET email = ${email}, address_key = NULL WHERE id = ${owner.userId}::uuid`,
      );
      const own = await link(owner, 'google', `${local}${told}`);
      await link(owner, 'acme', `${local}@bucher.example`);
      await resetPassword({ ...owner, email });
      expect(await providersOf(client, owner.userId)).toEqual(['google']);
      expect(await ownerOf('google', own)).toBe(owner.userId);
    },
  );

  test('compares with the address that the account has by then', async () => {
    const owner = await member();
    const former = await link(owner, 'google', owner.email);
    const { email } = await move(client, owner);
    const present = await link(owner, 'github', email);
    await resetPassword({ ...owner, email });
    expect(await providersOf(client, owner.userId)).toEqual(['github']);
    expect(await ownerOf('google', former)).not.toBe(owner.userId);
    expect(await ownerOf('github', present)).toBe(owner.userId);
  });
});

describe('a sign-in that its owner disowns, and an address that comes back', () => {
  test('leave the identities from before that stand for the address, and end all others: not-me (LNK-15)', async () => {
    const owner = await member();
    const before = await link(owner, 'google', owner.email);
    const elsewhere = await link(owner, 'acme');
    const token = await storeLink(client, 'not_me', { id: owner.userId, email: owner.email });
    const after = await link(owner, 'github', owner.email);
    const answer = await client.post('/api/auth/not-me', { token });
    expect(answer.status, answer.text).toBe(200);
    expect(await providersOf(client, owner.userId)).toEqual(['google']);
    expect(await ownerOf('google', before)).toBe(owner.userId);
    for (const [provider, person] of [
      ['github', after],
      ['acme', elsewhere],
    ] as const)
      expect(await ownerOf(provider, person)).not.toBe(owner.userId);
  });
});

describe('an account without a password that is closed by its owner', () => {
  test('loses the identities added since, and is theirs again by the mail of a reset (SES-21)', async () => {
    const { user, cookies } = await enterBy(client, 'google', someone());
    const token = await storeLink(client, 'not_me', { id: user.id, email: user.email });
    const thief = await link({ cookies }, 'acme', user.email);
    expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
    expect(await providersOf(client, user.id)).toEqual(['google']);
    expect(await ownerOf('acme', thief)).not.toBe(user.id);
    expect((await client.get('/api/auth/me', { cookies })).status).toBe(401);
    await resetPassword({ userId: user.id, email: user.email });
    const login = await client.post('/api/auth/login', { email: user.email, password: otherPassword });
    expect(login.json.user.id).toBe(user.id);
  });
});

describe('a deletion', () => {
  test('takes the identities along: whoever comes back is new (PRV-03)', async () => {
    const owner = await member();
    const person = await link(owner, 'acme', owner.email);
    const body = { password };
    const { accessToken: bearer } = owner;
    const deleted = await client.call('DELETE', '/api/auth/me', { bearer, body, headers: freshClient() });
    expect(deleted.status, deleted.text).toBe(200);
    const left = await databaseOf(client).query(
      sql`SELECT id FROM identities WHERE subject = ${person.sub} OR user_id = ${owner.userId}::uuid`,
    );
    expect(left).toEqual([]);
    const again = await enterBy(client, 'acme', person);
    expect(again.user).toMatchObject({ email: owner.email, hasPassword: false });
    expect(again.user.id).not.toBe(owner.userId);
  });
});

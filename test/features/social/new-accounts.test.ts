import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, password, registerUser } from '../../support/accounts.ts';
import { authCookies } from '../../support/client.ts';
import { causeFurtherMails, mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { landing } from '../../support/social.ts';
import { change, databaseOf, eventsOf, kindsTo, logInAs, verifiedUser } from '../two-factor/calls.ts';
import {
  arrive,
  enterBy,
  freshSubject,
  holdersOf,
  identitiesOf,
  linkTo,
  providersOf,
  socialClient,
} from './people.ts';

const client = socialClient();
const clients = {
  off: client,
  optional: socialClient({ EMAIL_VERIFICATION: 'optional' }),
  required: socialClient({ EMAIL_VERIFICATION: 'required' }),
};

function usersWith(email: string) {
  return databaseOf(client).query<{ id: string }>(sql`SELECT id FROM users WHERE lower(email) = ${email}`);
}

describe('an address at a provider that changes', () => {
  test.each(['google', 'github', 'apple', 'acme', 'microsoft', 'plain'])(
    'changes nothing here, neither the account nor what is shown of the identity: %s (LNK-10)',
    async (provider) => {
      const person = { sub: freshSubject(), email: freshEmail() };
      const { user } = await enterBy(client, provider, person);
      const moved = { ...person, email: freshEmail() };
      const again = await enterBy(client, provider, moved);
      expect(again.user).toMatchObject({ id: user.id, email: person.email });
      expect(await identitiesOf(client, user.id)).toMatchObject([{ email: person.email }]);
      expect(await usersWith(moved.email)).toEqual([]);
    },
  );

  test('to that of another account leads to whose identity it is, not to the other (LNK-10, OAU-08)', async () => {
    const person = { sub: freshSubject(), email: freshEmail() };
    const { user } = await enterBy(client, 'google', person);
    const other = await verifiedUser(client);
    const again = await enterBy(client, 'google', { ...person, email: other.email });
    expect(again.user).toMatchObject({ id: user.id, email: person.email });
    expect(await providersOf(client, other.userId)).toEqual([]);
    expect(await kindsTo(client, other.email)).toEqual([]);
  });
});

describe('a second identity of one provider', () => {
  test('is not linked by the address: account_exists, and the owner is told (LNK-03)', async () => {
    const { email, userId } = await verifiedUser(client);
    const first = freshSubject();
    await enterBy(client, 'google', { sub: first, email });
    const other = { sub: freshSubject(), email };
    expect(landing(await arrive(client, 'google', other)).error).toBe('account_exists');
    expect(await identitiesOf(client, userId)).toMatchObject([{ subject: first }]);
    expect((await kindsTo(client, email)).at(-1)).toBe('identity_not_linked');
  });
});

describe('REGISTRATION=closed and allowSignUp: false', () => {
  const closed = socialClient({ REGISTRATION: 'closed' });
  test.each([
    ['REGISTRATION=closed', closed, 'google'],
    ['REGISTRATION=closed, at an untrusted provider', closed, 'plain'],
    ['allowSignUp: false', client, 'invited'],
  ] as const)('let nobody new in: %s', async (_name, service, provider) => {
    const person = { sub: freshSubject(), email: freshEmail() };
    const answer = await arrive(service, provider, person);
    expect(landing(answer)).toMatchObject({ status: 303, error: 'registration_closed' });
    expect(await usersWith(person.email)).toEqual([]);
    expect(await holdersOf(client, person.sub)).toEqual([]);
    expect(await kindsTo(client, person.email)).toEqual([]);
  });

  test.each([
    ['REGISTRATION=closed', closed, 'google'],
    ['allowSignUp: false', client, 'invited'],
  ] as const)(
    'let everybody in who is there, by identity and by address: %s',
    async (_name, service, provider) => {
      const { email, userId } = await verifiedUser(client);
      const person = { sub: freshSubject(), email };
      expect((await enterBy(service, provider, person)).user.id).toBe(userId);
      expect((await enterBy(service, provider, { ...person, email: freshEmail() })).user.id).toBe(userId);
    },
  );
});

describe('EMAIL_VERIFICATION', () => {
  test.each(['off', 'optional', 'required'] as const)(
    '%s: an address that a trusted provider vouches for is verified, without a mail',
    async (mode) => {
      const email = freshEmail();
      const { user } = await enterBy(clients[mode], 'google', { sub: freshSubject(), email });
      expect(user).toMatchObject({ email, emailVerified: true });
      expect(await mailsTo(client, email)).toEqual([]);
    },
  );

  test('off: at an untrusted one it is not verified, and no mail asks for it', async () => {
    const email = freshEmail();
    const { user } = await enterBy(clients.off, 'plain', { sub: freshSubject(), email });
    expect(user.emailVerified).toBe(false);
    expect(await mailsTo(client, email)).toEqual([]);
  });

  test('optional: at an untrusted one it is not verified until its link is followed with the session', async () => {
    const email = freshEmail();
    const { user, cookies } = await enterBy(clients.optional, 'plain', { sub: freshSubject(), email });
    expect(user.emailVerified).toBe(false);
    expect(await kindsTo(client, email)).toEqual(['verify_email']);
    const token = await tokenFrom(client, email, 'verify_email');
    const bare = await clients.optional.post('/api/auth/email/verify', { token });
    expect(bare.json.code).toBe('password_required');
    const verified = await clients.optional.post('/api/auth/email/verify', { token }, { cookies });
    expect(verified.json.user, verified.text).toMatchObject({ id: user.id, emailVerified: true });
    // It was a session of the account: the identity stays.
    expect(await providersOf(client, user.id)).toEqual(['plain']);
  });

  test('required: at an untrusted one nobody gets in, and nothing is stored', async () => {
    const person = { sub: freshSubject(), email: freshEmail() };
    for (const provider of ['plain', 'microsoft']) {
      expect(landing(await arrive(clients.required, provider, person)).error).toBe('email_not_verified');
      expect(await usersWith(person.email)).toEqual([]);
      expect(await mailsTo(client, person.email)).toEqual([]);
    }
  });

  test('required: an unverified account is not entered by an identity either', async () => {
    const person = { sub: freshSubject(), email: freshEmail() };
    const { user } = await enterBy(clients.off, 'plain', person);
    expect(landing(await arrive(clients.required, 'plain', person)).error).toBe('email_not_verified');
    expect(await eventsOf(client, { userId: user.id })).toContain(
      'authn_login_fail email_not_verified plain',
    );
  });
});

describe('an unverified account from before the upgrade', () => {
  test('is linked by its owner, whom its password lets in, and is theirs by the provider from then on (LNK-01)', async () => {
    const { email, json } = await registerUser(client);
    const { id: userId } = json.user;
    await change(client, sql`UPDATE users SET is_verification_exempt = true WHERE id = ${userId}::uuid`);
    const person = { sub: freshSubject(), email };
    expect(landing(await arrive(client, 'google', person)).error).toBe('account_exists');
    expect(await eventsOf(client, { userId })).toContain('authn_login_fail account_exists google');
    const login = await logInAs(client, { email }, { password });
    expect(landing(await linkTo(client, 'google', person, authCookies(login))).error).toBeNull();
    expect((await enterBy(client, 'google', person)).user.id).toBe(userId);
  });
});

describe('mails about identities that were not linked', () => {
  test('that one client causes are five an hour to a verified address, two a day to another (EML-13, EML-14)', async () => {
    const options = { headers: freshClient() };
    const { email } = await verifiedUser(client);
    const unverified = await registerUser(client);
    for (let index = 0; index < 8; index++) {
      await arrive(client, 'plain', { sub: freshSubject(), email }, { options });
      await arrive(client, 'plain', { sub: freshSubject(), email: unverified.email }, { options });
    }
    expect(await kindsTo(client, email)).toEqual(Array.from({ length: 5 }, () => 'identity_not_linked'));
    expect(await kindsTo(client, unverified.email)).toEqual(['identity_not_linked', 'identity_not_linked']);
  });

  test('are not sent for a client that has caused 30, whoever has an account (ENU-11)', async () => {
    const options = { headers: freshClient() };
    const mailsAfterOneMore = async () => {
      const { email } = await verifiedUser(client);
      const answer = await arrive(client, 'plain', { sub: freshSubject(), email }, { options });
      expect(landing(answer).error).toBe('account_exists');
      return { email, kinds: await kindsTo(client, email) };
    };
    const { email, kinds } = await mailsAfterOneMore();
    expect(kinds).toHaveLength(1);
    await causeFurtherMails(client, email, 28);
    expect((await mailsAfterOneMore()).kinds).toHaveLength(1);
    expect((await mailsAfterOneMore()).kinds).toEqual([]);
  });
});

describe('new accounts of one client', { timeout: 60_000 }, () => {
  test('count as registrations: the 101st in an hour is rate_limited, and makes nobody', async () => {
    const options = { headers: freshClient() };
    const person = { sub: freshSubject(), email: freshEmail() };
    const signUp = (someone = { sub: freshSubject(), email: freshEmail() }) =>
      arrive(client, 'google', someone, { options });
    expect(landing(await signUp()).error).toBeNull();
    await change(
      client,
      sql`UPDATE login_attempts SET count = count + 98 WHERE bucket LIKE 'registrations:%'`,
    );
    expect(landing(await signUp()).error, 'the 100th').toBeNull();
    const refused = await signUp(person);
    expect(landing(refused)).toMatchObject({ status: 303, error: 'rate_limited' });
    expect(await usersWith(person.email)).toEqual([]);
    expect(await holdersOf(client, person.sub)).toEqual([]);
    // Whoever has an account comes in as ever.
    const known = await verifiedUser(client);
    const entered = await enterBy(client, 'google', { sub: freshSubject(), email: known.email }, { options });
    expect(entered.user.id).toBe(known.userId);
  });
});

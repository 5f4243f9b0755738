import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, registerUser, registration } from '../../support/accounts.ts';
import type { TestClient } from '../../support/client.ts';
import { landing } from '../../support/social.ts';
import { confirm, linkTo, settle } from '../email-change/mover.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { databaseOf, eventsOf, kindsTo } from '../two-factor/calls.ts';
import { arrive, freshSubject, holdersOf, identitiesOf, meOf, socialClient } from './people.ts';

const client = socialClient();

/** Whom the address of a sign-in belongs to here. */
interface Owner {
  /** What the provider says. */
  readonly email: string;
  /** Null where there is no account. */
  readonly userId: string | null;
}

type MakeOwner = (client: TestClient) => Promise<Owner>;

async function accountOf(
  service: TestClient,
  change: ReturnType<typeof sql> = sql`email = email`,
  email = freshEmail(),
) {
  const { json } = await registerUser(service, { email });
  const userId: string = json.user.id;
  await databaseOf(service).query(sql`UPDATE users SET ${change} WHERE id = ${userId}::uuid`);
  return { email, userId };
}

const verified = sql`email_verified_at = now()`;

/** Every account that may stand in the way. */
const owners = {
  nobody: async () => ({ email: freshEmail(), userId: null }),
  'a verified account': (service) => accountOf(service, verified),
  'an unverified account': (service) => accountOf(service),
  'an unverified account with two-factor': (service) => accountOf(service, sql`two_factor_since = now()`),
  'an unverified account from before the upgrade': (service) =>
    accountOf(service, sql`is_verification_exempt = true`),
  'a banned verified account': (service) =>
    accountOf(service, sql`email_verified_at = now(), banned_at = now()`),
  'a banned unverified account': (service) => accountOf(service, sql`banned_at = now()`),
  'a verified account whose domain is the same in letters': async (service) => {
    const local = crypto.randomUUID().slice(0, 13);
    const { userId } = await accountOf(service, verified, `${local}@xn--bcher-kva.example`);
    return { email: `${local}@b\u00fccher.example`, userId };
  },
  'a verified account in other case': async (service) => {
    const { email, userId } = await accountOf(service, verified);
    return { email: email.toUpperCase(), userId };
  },
  'an address that somebody can still have back': async (service) => {
    const owner = await settle(await signIn(service));
    expect((await confirm(service, await linkTo(service, owner, freshEmail()))).status).toBe(200);
    return { email: owner.email, userId: null };
  },
  'an address that somebody has corrected': async (service) => {
    const owner = await signIn(service);
    expect((await confirm(service, await linkTo(service, owner, freshEmail()))).status).toBe(200);
    return { email: owner.email, userId: null };
  },
  'the demo user': async () => ({ email: 'demo@nexora.ai', userId: null }),
} satisfies Record<string, MakeOwner>;

type OwnerName = keyof typeof owners;
type Row = readonly [Outcome, ...string[]];

/** What comes of it: a session of a new account or of the present one, or a refusal. */
type Outcome = 'new' | 'linked' | 'taken over' | 'account_exists' | 'access_denied' | 'email_not_verified';

/** Outcomes, and the mails that the owner of the address gets, at a provider that is trusted for its addresses. */
const trusted: Readonly<Record<OwnerName, Row>> = {
  nobody: ['new'],
  'a verified account': ['linked', 'identity_linked', 'new_device'],
  'an unverified account': ['taken over', 'account_taken_over'],
  'an unverified account with two-factor': ['account_exists', 'identity_not_linked'],
  'an unverified account from before the upgrade': ['account_exists', 'identity_not_linked'],
  'a banned verified account': ['access_denied'],
  'a banned unverified account': ['access_denied'],
  'a verified account whose domain is the same in letters': ['linked', 'identity_linked', 'new_device'],
  'a verified account in other case': ['linked', 'identity_linked', 'new_device'],
  'an address that somebody can still have back': ['account_exists'],
  'an address that somebody has corrected': ['new'],
  'the demo user': ['account_exists'],
};

/** The same at one that is not. */
const untrusted: typeof trusted = {
  nobody: ['new'],
  'a verified account': ['account_exists', 'identity_not_linked'],
  'an unverified account': ['account_exists', 'identity_not_linked'],
  'an unverified account with two-factor': ['account_exists', 'identity_not_linked'],
  'an unverified account from before the upgrade': ['account_exists', 'identity_not_linked'],
  'a banned verified account': ['account_exists', 'identity_not_linked'],
  'a banned unverified account': ['account_exists', 'identity_not_linked'],
  'a verified account whose domain is the same in letters': ['account_exists', 'identity_not_linked'],
  'a verified account in other case': ['account_exists', 'identity_not_linked'],
  'an address that somebody can still have back': ['account_exists'],
  'an address that somebody has corrected': ['account_exists'],
  'the demo user': ['account_exists'],
};

const ownerNames = Object.keys(owners) as OwnerName[];
const providers = {
  ...{ google: trusted, github: trusted, apple: trusted, acme: trusted, local: trusted },
  ...{ microsoft: untrusted, plain: untrusted, second: untrusted },
} as const;
type ProviderName = keyof typeof providers;

/** What a refusal must leave as it is. */
async function stateOf({ email, userId }: Owner) {
  return databaseOf(client).query<{ id: string }>(sql`
    SELECT u.*, (SELECT count(*)::int FROM sessions s WHERE s.user_id = u.id) AS sessions,
      (SELECT count(*)::int FROM identities i WHERE i.user_id = u.id) AS identities
    FROM users u WHERE u.id = ${userId}::uuid OR lower(u.email) = ${email.toLowerCase()}`);
}

/** The address as it stands on the account and on mails. */
async function storedEmail({ email, userId }: Owner): Promise<string> {
  const [row] = await databaseOf(client).query<{ email: string }>(
    sql`SELECT email FROM users WHERE id = ${userId}::uuid`,
  );
  return row?.email ?? email;
}

async function expectOutcome(provider: string, owner: Owner, said: unknown, outcome: Outcome): Promise<void> {
  const before = await stateOf(owner);
  const subject = freshSubject();
  const answer = await arrive(client, provider, { sub: subject, email: owner.email, verified: said });
  const isRefused = /_/.test(outcome);
  expect(landing(answer).error).toBe(isRefused ? outcome : null);
  if (isRefused) {
    expect(answer.setCookies.filter((cookie) => !cookie.startsWith('__Host-nexora_oauth_'))).toEqual([]);
    expect(await stateOf(owner)).toEqual(before);
    expect(await holdersOf(client, subject)).toEqual([]);
    return;
  }
  const { user } = await meOf(client, answer);
  if (outcome === 'new') expect(before.map(({ id }) => id)).not.toContain(user.id);
  else expect(user.id).toBe(owner.userId);
  const isTrusted = providers[provider as ProviderName] === trusted;
  expect(user.emailVerified).toBe(isTrusted);
  expect(user.hasPassword).toBe(outcome === 'linked');
  expect(await identitiesOf(client, user.id)).toMatchObject([{ provider, is_email_proved: isTrusted }]);
  if (outcome === 'linked')
    expect(await eventsOf(client, { userId: user.id })).toContain(`user_updated identity_linked ${provider}`);
  if (outcome === 'new')
    expect(await eventsOf(client, { userId: user.id })).toContain(`user_created ${provider}`);
}

const cases = (Object.keys(providers) as ProviderName[]).flatMap((provider) =>
  ownerNames.map((name): [ProviderName, OwnerName, ...Row] => [provider, name, ...providers[provider][name]]),
);

describe('a sign-in by an address that the provider has verified', { timeout: 60_000 }, () => {
  test.each(cases)(
    'at %s, which is that of %s, comes to: %s, with the mails that belong to it (LNK-01 to LNK-03, LNK-13, LNK-16, DEM-04, SES-16)',
    async (provider, name, outcome, ...mails) => {
      const owner = await owners[name](client);
      const recipient = await storedEmail(owner);
      const earlier = await kindsTo(client, recipient);
      await expectOutcome(provider, owner, true, outcome);
      const sent = (await kindsTo(client, recipient)).slice(earlier.length);
      expect(sent.toSorted()).toEqual(mails);
      if (outcome !== 'account_exists' || owner.userId === null) return;
      expect(await eventsOf(client, { userId: owner.userId })).not.toContain(
        `user_updated identity_linked ${provider}`,
      );
    },
  );
});

/** Everything but a plain yes. */
const denials: readonly [value: unknown, providers: readonly ProviderName[]][] = [
  [false, ['google', 'github', 'apple', 'acme', 'local', 'microsoft', 'plain', 'second']],
  [undefined, ['google', 'apple', 'acme', 'microsoft', 'plain']],
  [0, ['google', 'apple', 'acme', 'microsoft', 'plain']],
  ['false', ['google', 'apple', 'acme', 'microsoft', 'plain']],
  ['true', ['google', 'acme', 'microsoft', 'plain']],
  [1, ['google', 'apple', 'acme', 'plain']],
  ['', ['google', 'apple', 'acme', 'microsoft', 'plain']],
  [{}, ['google', 'apple', 'acme', 'microsoft', 'plain']],
  [[true], ['google', 'apple', 'acme', 'microsoft', 'plain']],
];

describe('a sign-in by an address that the provider has not verified', { timeout: 60_000 }, () => {
  const told = denials.flatMap(([value, names]) =>
    names.map((provider) => [provider, JSON.stringify(value) ?? 'nothing', value] as const),
  );
  test.each(told)(
    'at %s, which says %s of it, makes no account, enters none and sends no mail, whosever it is (LNK-02)',
    async (provider, _text, value) => {
      for (const name of ['nobody', 'a verified account', 'an unverified account'] as const) {
        const owner = await owners[name](client);
        const earlier = await kindsTo(client, owner.email);
        await expectOutcome(provider, owner, value, 'email_not_verified');
        expect(await kindsTo(client, owner.email)).toEqual(earlier);
      }
    },
  );

  test('signs in by an identity that is there all the same, since that is who it is', async () => {
    const person = { sub: freshSubject(), email: freshEmail() };
    const first = await meOf(client, await arrive(client, 'google', person));
    const again = await arrive(client, 'google', { ...person, verified: false });
    expect((await meOf(client, again)).user.id).toBe(first.user.id);
  });

  test('is verified by the word "true" at Apple, whose booleans may be texts', async () => {
    const owner = await owners['a verified account'](client);
    await expectOutcome('apple', owner, 'true', 'linked');
  });

  test('is never the address of a registration that waits (LNK-02, LNK-06)', async () => {
    const required = socialClient({ EMAIL_VERIFICATION: 'required' });
    const email = freshEmail();
    const headers = freshClient();
    await required.post('/api/auth/register', registration(email), { headers });
    const answer = await arrive(required, 'google', { sub: freshSubject(), email, verified: false });
    expect(landing(answer).error).toBe('email_not_verified');
    expect(await stateOf({ email, userId: null })).toEqual([]);
  });
});

import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { isFull } from '../../contract/route-choice.ts';
import { freshClient, freshEmail, registerUser, registration } from '../../support/accounts.ts';
import { landing } from '../../support/social.ts';
import { confirm, linkTo, settle } from '../email-change/mover.ts';
import { type SignedIn, signIn } from '../sessions/session-fixtures.ts';
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

async function accountOf(change = sql`email = email`, email = freshEmail()) {
  const { json } = await registerUser(client, { email });
  const userId: string = json.user.id;
  await databaseOf(client).query(sql`UPDATE users SET ${change} WHERE id = ${userId}::uuid`);
  return { email, userId };
}

const verified = sql`email_verified_at = now()`;

/** Every account that may stand in the way. */
const owners = {
  nobody: async () => ({ email: freshEmail(), userId: null }),
  'a verified account': () => accountOf(verified),
  'an unverified account': () => accountOf(),
  'an unverified account with two-factor': () => accountOf(sql`two_factor_since = now()`),
  'an unverified account from before the upgrade': () => accountOf(sql`is_verification_exempt = true`),
  'a banned verified account': () => accountOf(sql`email_verified_at = now(), banned_at = now()`),
  'a banned unverified account': () => accountOf(sql`banned_at = now()`),
  'a verified account whose domain is the same in letters': async () => {
    const local = crypto.randomUUID().slice(0, 13);
    const { userId } = await accountOf(verified, `${local}@xn--bcher-kva.example`);
    return { email: `${local}@b\u00fccher.example`, userId };
  },
  'a verified account in other case': async () => {
    const { email, userId } = await accountOf(verified);
    return { email: email.toUpperCase(), userId };
  },
  'an address that somebody can still have back': async () => {
    const { email } = await moveAway(await settle(await signIn(client)));
    return { email, userId: null };
  },
  'an address that somebody has corrected': async () => {
    const { email } = await moveAway(await signIn(client));
    return { email, userId: null };
  },
  'the demo user': async () => ({ email: 'demo@nexora.ai', userId: null }),
} satisfies Record<string, () => Promise<Owner>>;

async function moveAway(owner: SignedIn): Promise<SignedIn> {
  expect((await confirm(client, await linkTo(client, owner, freshEmail()))).status).toBe(200);
  return owner;
}

type OwnerName = keyof typeof owners;
type Row = readonly [Outcome, ...string[]];

/** What comes of it: a session of a new account or of the present one, or a refusal. */
type Outcome = 'new' | 'linked' | 'taken over' | 'account_exists' | 'access_denied' | 'email_not_verified';

const linked: Row = ['linked', 'identity_linked', 'new_device'];
const told: Row = ['account_exists', 'identity_not_linked'];
const untold: Row = ['account_exists'];

/** Outcomes, and the mails that the owner of the address gets. */
const outcomes: Readonly<Record<OwnerName, readonly [atTrusted: Row, atOther: Row]>> = {
  nobody: [['new'], ['new']],
  'a verified account': [linked, told],
  'an unverified account': [['taken over', 'account_taken_over'], told],
  'an unverified account with two-factor': [told, told],
  'an unverified account from before the upgrade': [told, told],
  'a banned verified account': [['access_denied'], told],
  'a banned unverified account': [['access_denied'], told],
  'a verified account whose domain is the same in letters': [linked, told],
  'a verified account in other case': [linked, told],
  'an address that somebody can still have back': [untold, untold],
  'an address that somebody has corrected': [['new'], untold],
  'the demo user': [untold, untold],
};
const ownerNames = Object.keys(owners) as OwnerName[];

/** Each with whether it is trusted for its addresses. */
const providers = {
  ...{ google: true, github: true, apple: true, acme: true, local: true },
  ...{ microsoft: false, plain: false, second: false },
};
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

async function expectOutcome(
  provider: ProviderName,
  owner: Owner,
  said: unknown,
  outcome: Outcome,
): Promise<void> {
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
  const isTrusted = providers[provider];
  expect(user.emailVerified).toBe(isTrusted);
  expect(user.hasPassword).toBe(outcome === 'linked');
  expect(await identitiesOf(client, user.id)).toMatchObject([{ provider, is_email_proved: isTrusted }]);
  if (outcome === 'linked')
    expect(await eventsOf(client, { userId: user.id })).toContain(`user_updated identity_linked ${provider}`);
  if (outcome === 'new')
    expect(await eventsOf(client, { userId: user.id })).toContain(`user_created ${provider}`);
}

/** One provider of each kind has the rule in full, and the others, which tell that rule what they say, the first of it. */
const cases = (Object.keys(providers) as ProviderName[]).flatMap((provider) => {
  const isModel = isFull || provider === 'google' || provider === 'plain';
  const names = isModel ? ownerNames : (['nobody', 'a verified account', 'an unverified account'] as const);
  return names.map((name): [ProviderName, OwnerName, ...Row] => [
    provider,
    name,
    ...outcomes[name][providers[provider] ? 0 : 1],
  ]);
});

describe('a sign-in by an address that the provider has verified', { timeout: 60_000 }, () => {
  test.each(cases)(
    'at %s, which is that of %s, comes to: %s, with the mails that belong to it (LNK-01 to LNK-03, LNK-13, LNK-16, LNK-17, DEM-04, SES-16)',
    async (provider, name, outcome, ...mails) => {
      const owner: Owner = await owners[name]();
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

/** Those that read a claim of their own; acme and plain read it as google does. */
const withClaims: readonly ProviderName[] = [
  ...(['google', 'apple', 'microsoft'] as const),
  ...(isFull ? (['acme', 'plain'] as const) : []),
];
const all = Object.keys(providers) as ProviderName[];

/** Everything but a plain yes. */
const denials: readonly (readonly [value: unknown, providers: readonly ProviderName[]])[] = [
  [false, all],
  ...[undefined, 0, 'false', '', {}, [true]].map((value) => [value, withClaims] as const),
  ['true', ['google', 'acme', 'microsoft', 'plain']],
  [1, ['google', 'apple', 'acme', 'plain']],
];

describe('a sign-in by an address that the provider has not verified', { timeout: 60_000 }, () => {
  const words = denials.flatMap(([value, names]) =>
    names.map((provider) => [provider, JSON.stringify(value) ?? 'nothing', value] as const),
  );
  // They stay as they are, so that all cases can have them.
  let members: readonly Owner[];
  beforeAll(async () => {
    members = [await owners['a verified account'](), await owners['an unverified account']()];
  });
  test.each(words)(
    'at %s, which says %s of it, makes no account, enters none and sends no mail, whosever it is (LNK-02)',
    async (provider, _text, value) => {
      const [known, ...others] = [...members, await owners.nobody()];
      for (const owner of isFull || value === false ? [known!, ...others] : [known!]) {
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
    const owner = await owners['a verified account']();
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

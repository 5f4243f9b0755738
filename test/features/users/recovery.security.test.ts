import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import { insertAccount } from '../../contract/insert-account.ts';
import { type Account, type Caller, exampleCall } from '../../contract/route-table.ts';
import { freshClient, freshEmail, otherPassword, password } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue } from '../../support/client.ts';
import type { InsertedUser } from '../../support/inserted-user.ts';
import { storeLink } from '../../support/links.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { landing } from '../../support/social.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  type TwoFactorUser,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { move, revert } from '../email-change/mover.ts';
import { linkFor, reset } from '../password/password-reset.ts';
import { freshVerifier } from '../social/app-visits.ts';
import { arrive, freshSubject, identitiesOf, linkTo, type Person, socialClient } from '../social/people.ts';
import {
  change,
  countEvents,
  enable,
  expectRefused,
  logInAs,
  missTimes,
  onDevice,
  reauthenticateBy,
  sessionByCode,
  startSetup,
  trustDevice,
  verifiedUser,
} from '../two-factor/calls.ts';

const appUrl = 'com.example.app:/signed-in';
const client = socialClient({ APP_REDIRECTS: appUrl });

const sensitiveRoutes = createApp()
  .serves.filter(({ isSensitive }) => isSensitive)
  .map(({ method, path }) => `${method} ${path}`);

/** Whose examples the calls of sensitive routes are made of; the caller is another one. */
let example: Account;

beforeAll(async () => {
  example = await insertAccount(client);
});

/** The identities of an account: the owner's own, and what an intruder has. */
interface Identities {
  /** Of the address of the account, at a trusted provider. */
  readonly owners: Person;
  /** Of another address at a trusted provider, and of one that is trusted for none. */
  readonly elsewhere: Person;
  readonly untrusted: Person;
}

/** An account with two-factor, three identities from long ago, and an intruder's session. */
interface Victim extends TwoFactorUser {
  readonly identities: Identities;
  /** The access token of the intruder's session, which the account knows. */
  readonly stolen: string;
}

/** Identities as they are after long use. */
async function addIdentity(
  userId: string,
  provider: string,
  issuer: string,
  person: Person,
  isProved: boolean,
) {
  await change(
    client,
    sql`INSERT INTO identities (user_id, provider, issuer, subject, email, is_email_proved, created_at)
      VALUES (${userId}::uuid, ${provider}, ${issuer}, ${person.sub}, ${person.email}, ${isProved}, now() - interval '60 days')`,
  );
}

/** The issuer of the provider that is trusted for no address. */
const untrustedIssuer = () => `${inject('standInsUrl')}/oidc/good-plain`;

async function victim(): Promise<Victim> {
  const user = await twoFactorUser(client);
  const { userId, email } = user;
  const identities = {
    owners: { sub: freshSubject(), email },
    elsewhere: { sub: freshSubject(), email: freshEmail() },
    untrusted: { sub: freshSubject(), email },
  };
  await addIdentity(userId, 'google', 'https://accounts.google.com', identities.owners, true);
  await addIdentity(userId, 'github', 'https://github.com/login/oauth', identities.elsewhere, true);
  await addIdentity(userId, 'plain', untrustedIssuer(), identities.untrusted, false);
  const first = await challenge(client, user);
  const second = await completeChallenge(client, first, { code: await freshCode(client, user) });
  return { ...user, identities, stolen: second.json.accessToken };
}

async function disown({ userId, email }: Victim): Promise<void> {
  const token = await storeLink(client, 'not_me', { id: userId, email });
  expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
}

type Occasion = 'not_me' | 'email_reverted' | 'second_factor_guessed';

/** What begins a recovery. */
const occasions: Readonly<Record<Occasion, (user: Victim) => Promise<void>>> = {
  not_me: disown,
  async email_reverted({ userId, email }) {
    const token = await storeLink(client, 'revert_email', { id: userId, email }, { target: email });
    await change(
      client,
      sql`UPDATE users SET email = ${freshEmail()}, address_key = NULL WHERE id = ${userId}::uuid`,
    );
    const answer = await client.post('/api/auth/email/change/revert', { token });
    expect(answer.status, answer.text).toBe(200);
  },
  second_factor_guessed: async (user) => void (await missTimes(client, user, 50)),
};

/** A way in that an intruder has before the occasion: how it is got, and used afterwards. */
interface WayIn {
  readonly name: string;
  /** After which of them it still leads to a session. */
  readonly leftBy: readonly Occasion[];
  /** Gets it ready; returns how it is used: the access token of a session, or null. */
  readonly prepare: (user: Victim) => Promise<() => Promise<string | null>>;
}

const useSession = (bearer: string) => async () =>
  (await client.get('/api/auth/me', { bearer })).status === 200 ? bearer : null;

/** A use that is refused by this code. */
const refused = (use: () => Promise<Answer>, status: number, code: string) => async () => {
  expectRefused(await use(), status, code);
  return null;
};

const guessed = ['second_factor_guessed'] as const;

/** Those that are refused stand first: what a session does later cannot be why. */
const waysIn: readonly WayIn[] = [
  {
    name: 'a session in which codes were guessed',
    leftBy: [],
    async prepare(user) {
      const { accessToken: bearer } = await sessionByCode(client, user);
      await reauthenticateBy(client, bearer, { code: wrongCode(user.secret) });
      return useSession(bearer);
    },
  },
  {
    name: 'the password',
    leftBy: [],
    prepare: async (user) => refused(() => logInAs(client, user), 401, 'invalid_credentials'),
  },
  {
    name: 'a challenge that is open',
    leftBy: [],
    async prepare(user) {
      const open = await challenge(client, user);
      const complete = async () => completeChallenge(client, open, { code: await freshCode(client, user) });
      return refused(complete, 401, 'challenge_expired');
    },
  },
  {
    name: 'a reset link from before',
    leftBy: [],
    async prepare({ userId, email }) {
      const token = await storeLink(client, 'reset_password', { id: userId, email });
      return refused(() => reset(client, token), 400, 'token_invalid');
    },
  },
  {
    name: 'a change of the address that waits',
    leftBy: [],
    async prepare({ userId, stolen: bearer }) {
      const target = freshEmail();
      const token = await storeLink(client, 'change_email', { id: userId, email: target }, { target });
      const confirm = () => client.post('/api/auth/email/change/confirm', { token }, { bearer });
      return refused(confirm, 400, 'token_invalid');
    },
  },
  {
    name: 'a code of an app',
    leftBy: [],
    async prepare({ identities }) {
      const { verifier: codeVerifier, codeChallenge } = await freshVerifier();
      const query = { transport: 'body', codeChallenge, redirectTo: appUrl };
      const { code } = landing(await arrive(client, 'google', identities.owners, { query }));
      expect(code).not.toBeNull();
      const exchange = () => client.post('/api/auth/oauth/token', { code, codeVerifier });
      return refused(exchange, 400, 'code_invalid');
    },
  },
  {
    name: 'a session that is open',
    leftBy: guessed,
    prepare: async ({ stolen }) => useSession(stolen),
  },
  {
    name: 'an identity of another address, linked long ago',
    leftBy: guessed,
    prepare: async (user) => () => enterBySocial(user, 'github', user.identities.elsewhere),
  },
  {
    name: 'an identity of a provider that is not trusted, linked long ago',
    leftBy: guessed,
    prepare: async (user) => () => enterBySocial(user, 'plain', user.identities.untrusted),
  },
  {
    name: "the owner's identity of the address",
    leftBy: ['not_me', 'email_reverted', 'second_factor_guessed'],
    prepare: async (user) => () => enterBySocial(user, 'google', user.identities.owners),
  },
];

/** Signs in by an identity and a code, on a browser that never did: null where it does not lead to the account. */
async function enterBySocial(
  user: Pick<TwoFactorUser, 'userId' | 'secret'>,
  provider: string,
  person: Person,
): Promise<string | null> {
  const answer = await arrive(client, provider, person);
  const open = cookieValue(answer, '__Host-nexora_challenge');
  if (open === undefined) {
    const token = authCookies(answer)['__Host-nexora_access'] ?? '';
    expect(token === '' ? null : decodeJwt(token).sub).not.toBe(user.userId);
    return null;
  }
  const second = await client.post(
    '/api/auth/login/two-factor',
    { code: await freshCode(client, user) },
    { cookies: { '__Host-nexora_challenge': open }, headers: freshClient() },
  );
  expect(second.status, second.text).toBe(200);
  return second.json.accessToken;
}

/** The example of a sensitive route, by somebody else than its account. */
function callAs({ email, userId }: Victim, accessToken: string, key: string): Promise<Answer> {
  const caller: Caller = { email, userId, accessToken, refreshToken: '', cookies: {} };
  const of = { ...example, ...caller, passwordless: caller };
  const account = {
    ...of,
    twoFactor: { ...example.twoFactor, ...caller },
    social: { ...example.social, ...caller },
  };
  return client.call(...exampleCall(key, account));
}

/** The owner chooses a new password by the link that the occasion mailed, and signs in with a code. */
async function recover(user: Victim, occasion: Occasion): Promise<string> {
  const mail = occasion === 'second_factor_guessed' ? 'password_withdrawn' : 'reset_password';
  const token = await tokenFrom(client, user.email, mail);
  const answer = await reset(client, token, otherPassword, onDevice(user));
  expect(answer.status, answer.text).toBe(200);
  const first = await challenge(client, user, { password: otherPassword });
  const second = await completeChallenge(client, first, { code: await freshCode(client, user) });
  expect(second.status, second.text).toBe(200);
  return second.json.accessToken;
}

describe('a recovery (LNK-15)', { timeout: 60_000 }, () => {
  test.each(Object.keys(occasions) as Occasion[])(
    'that %s begins: no way in that is left passes a gate, and all are closed once the owner has chosen a new password',
    async (occasion) => {
      const user = await victim();
      const uses: (() => Promise<string | null>)[] = [];
      for (const { prepare } of waysIn) uses.push(await prepare(user));
      await occasions[occasion](user);

      const intruders: string[] = [];
      for (const [index, { name, leftBy }] of waysIn.entries()) {
        const bearer = await uses[index]!();
        expect(bearer !== null, name).toBe(leftBy.includes(occasion));
        if (bearer === null) continue;
        intruders.push(bearer);
        const me = await client.get('/api/auth/me', { bearer });
        expect(me.json.user.recoveryRequired, name).toBe(true);
        for (const key of sensitiveRoutes)
          expectRefused(await callAs(user, bearer, key), 403, 'recovery_required');
      }

      const own = await recover(user, occasion);
      const me = await client.get('/api/auth/me', { bearer: own });
      expect(me.json.user).toMatchObject({
        id: user.userId,
        email: user.email,
        recoveryRequired: false,
        twoFactorEnabled: true,
      });
      expect((await client.get('/api/auth/me/export', { bearer: own })).status).toBe(200);
      for (const bearer of intruders) expect((await client.get('/api/auth/me', { bearer })).status).toBe(401);
      // What is left is what stands for the address.
      expect((await identitiesOf(client, user.userId)).map(({ provider }) => provider)).toEqual(['google']);
    },
  );

  test('ends by no reset link that is older, whatever is left of it', async () => {
    const user = await victim();
    await disown(user);
    // As a request for one leaves it that began before and ended after.
    const late = await storeLink(client, 'reset_password', { id: user.userId, email: user.email });
    await change(
      client,
      sql`UPDATE one_time_tokens SET created_at = now() - interval '1 second'
        WHERE owner_id = ${user.userId}::uuid AND kind = 'reset_password' AND created_at > (
          SELECT recovery_since FROM users WHERE id = ${user.userId}::uuid)`,
    );
    await change(client, sql`UPDATE users SET recovery_since = now() WHERE id = ${user.userId}::uuid`);
    expectRefused(await reset(client, late), 400, 'token_invalid');
    expect((await reset(client, await linkFor(client, user.email))).status).toBe(200);
  });

  test('holds a change of the address that waits, by a session and by a password: nothing is spent or counted', async () => {
    const user = await victim();
    const target = freshEmail();
    await change(
      client,
      sql`UPDATE users SET recovery_since = now(), recovery_cause = 'not_me' WHERE id = ${user.userId}::uuid`,
    );
    const token = await storeLink(client, 'change_email', { id: user.userId, email: target }, { target });
    const path = '/api/auth/email/change/confirm';
    expectRefused(await client.post(path, { token }, { bearer: user.stolen }), 403, 'recovery_required');
    for (let attempt = 0; attempt < 12; attempt++)
      expectRefused(
        await client.post(path, { token, password }, { headers: freshClient() }),
        403,
        'recovery_required',
      );
    await change(
      client,
      sql`UPDATE users SET recovery_since = NULL, recovery_cause = NULL WHERE id = ${user.userId}::uuid`,
    );
    expect((await client.post(path, { token, password })).status).toBe(200);
  });

  test('ends the identity that the disowned sign-in came by, though it is of the address', async () => {
    const user = await victim();
    await change(client, sql`UPDATE users SET two_factor_since = NULL WHERE id = ${user.userId}::uuid`);
    const answer = await arrive(client, 'google', user.identities.owners);
    expect(landing(answer).error).toBeNull();
    const token = await tokenFrom(client, user.email, 'new_device');
    expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
    expect(await identitiesOf(client, user.userId)).toEqual([]);
  });

  test('of one kind is not weakened by the other: what the owner began is ended as such', async () => {
    const user = await victim();
    const open = await challenge(client, user);
    await missTimes(client, user, 49);
    expect(await enterBySocial(user, 'google', user.identities.owners)).not.toBeNull();
    await disown(user);
    expectRefused(
      await completeChallenge(client, open, { code: wrongCode(user.secret) }),
      401,
      'challenge_expired',
    );
    expect(await countEvents(client, user, 'password_withdrawn')).toBe(0);
    // A backup code ends what guesses begin, and not this.
    const again = (await enterBySocial(user, 'google', user.identities.owners))!;
    const [backupCode] = user.backupCodes;
    const renewed = await reauthenticateBy(client, again, { backupCode });
    const me = await client.get('/api/auth/me', { bearer: renewed.json.accessToken });
    expect(me.json.user.recoveryRequired).toBe(true);
  });
});

/** What the owner has in hand from before the intruder settled in; it returns the address of the account by then, and what ends that. */
const occasionsByMail: Readonly<
  Record<string, (owner: InsertedUser, bearer: string) => Promise<[string, () => Promise<Answer>]>>
> = {
  "the mail's not-me link": async ({ email }) => {
    const token = await tokenFrom(client, email, 'new_device');
    return [email, () => client.post('/api/auth/not-me', { token })];
  },
  'the way back': async (owner, accessToken) => {
    const { email, revertToken } = await move(client, { ...owner, accessToken });
    return [email, () => revert(client, revertToken)];
  },
};

test.each(Object.entries(occasionsByMail))(
  'an intruder who turned a factor on, trusts a device and linked an identity is outside by %s, and so after the reset (LNK-15, LNK-19)',
  { timeout: 60_000 },
  async (_occasion, prepare) => {
    const owner = await verifiedUser(client);
    const { userId } = owner;
    const kept = await storeLink(client, 'not_me', { id: userId, email: owner.email });
    const first = (await logInAs(client, owner)).json.accessToken;
    const [email, close] = await prepare(owner, first);

    const { secret } = (await startSetup(client, first)).json;
    const enabled = await enable(client, first, codeAt(secret));
    const bearer = enabled.json.accessToken;
    const person = { sub: freshSubject(), email: freshEmail() };
    expect(
      landing(await linkTo(client, 'github', person, { '__Host-nexora_access': bearer })).error,
    ).toBeNull();
    const intruder = { ...owner, ...enabled.json, email, secret };
    const trusted = await trustDevice(client, intruder);

    const expectOutside = async () => {
      for (const token of [first, bearer, trusted.answer.json.accessToken])
        expect((await client.get('/api/auth/me', { bearer: token })).status).toBe(401);
      const byPassword = await logInAs(client, owner, { trustedDeviceToken: trusted.token });
      expectRefused(byPassword, 401, 'invalid_credentials');
      expect(await enterBySocial(intruder, 'github', person)).toBeNull();
    };
    expect((await close()).status).toBe(200);
    await expectOutside();
    expect((await reset(client, await tokenFrom(client, owner.email, 'reset_password'))).status).toBe(200);
    await expectOutside();

    // The owner is asked for no factor, and what an old mail was kept for puts nobody out.
    const { json } = await logInAs(client, owner, { password: otherPassword });
    expectRefused(await client.post('/api/auth/not-me', { token: kept }), 400, 'token_invalid');
    const me = await client.get('/api/auth/me', { bearer: json.accessToken });
    expect(me.json.user).toMatchObject({
      id: userId,
      email: owner.email,
      recoveryRequired: false,
      twoFactorEnabled: false,
    });
    expect(await identitiesOf(client, userId)).toEqual([]);
  },
);

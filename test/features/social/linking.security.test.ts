import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, logIn, otherPassword } from '../../support/accounts.ts';
import { authCookies, cookieValue } from '../../support/client.ts';
import { makeStale } from '../../support/hosted-pages.ts';
import { storeLink } from '../../support/links.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { begin, codeFor, comeBackAsAsked, landing } from '../../support/social.ts';
import { completeChallenge, freshCode, twoFactorUser } from '../../support/two-factor.ts';
import { reset } from '../password/password-reset.ts';
import {
  challengeCookie,
  change,
  countEvents,
  countMails,
  databaseOf,
  kindsTo,
  verifiedUser,
} from '../two-factor/calls.ts';
import { freshVerifier } from './app-visits.ts';
import {
  arrive,
  beginLink,
  enterBy,
  freshSubject,
  holdersOf,
  identitiesOf,
  instructionsFor,
  linkTo,
  providersOf,
  returnAs,
  socialClient,
  somebody,
} from './people.ts';

const appUrl = 'com.example.app:/signed-in';
const client = socialClient({ APP_REDIRECTS: appUrl });

const stranger = () => ({ sub: freshSubject(), email: freshEmail() });

describe('the way back of a link', () => {
  test('with the session of another user links to neither (LNK-04)', async () => {
    const [owner, other, person] = [await somebody(client), await somebody(client), stranger()];
    const visit = await beginLink(client, 'google', owner.cookies);
    const answer = await returnAs(client, visit, person, other.cookies);
    expect(landing(answer)).toMatchObject({ status: 303, error: 'transaction_invalid' });
    expect(await holdersOf(client, person.sub)).toEqual([]);
    expect(await kindsTo(client, other.email)).toEqual([]);
  });

  test('with another session of the same user links nothing (LNK-04)', async () => {
    const [owner, person] = [await somebody(client), stranger()];
    const login = await logIn(client, owner.email);
    const visit = await beginLink(client, 'google', owner.cookies);
    const answer = await returnAs(client, visit, person, authCookies(login));
    expect(landing(answer).error).toBe('transaction_invalid');
    expect(await holdersOf(client, person.sub)).toEqual([]);
  });

  test('without the cookie of the visit links nothing, though the session is there (OAU-01, LNK-04)', async () => {
    const [owner, thief, person] = [await somebody(client), await somebody(client), stranger()];
    const visit = await beginLink(client, 'google', thief.cookies);
    const answer = await returnAs(client, { ...visit, cookies: {} }, person, owner.cookies);
    expect(landing(answer).error).toBe('transaction_invalid');
    expect(await holdersOf(client, person.sub)).toEqual([]);
  });

  test.each(['google', 'apple'])(
    'after the session has ended links nothing, with and without its cookie: %s (LNK-04)',
    async (provider) => {
      for (const isSent of [true, false]) {
        const [owner, person] = [await somebody(client), stranger()];
        const visit = await beginLink(client, provider, owner.cookies);
        expect((await client.post('/api/auth/logout', undefined, { bearer: owner.bearer })).status).toBe(200);
        const answer = await returnAs(client, visit, person, isSent ? owner.cookies : {});
        expect(landing(answer).error).toBe('transaction_invalid');
        expect(await holdersOf(client, person.sub)).toEqual([]);
      }
    },
  );

  test.each(['google', 'apple'])(
    'links nothing where other sessions were signed out meanwhile, though this one goes on: %s (LNK-19)',
    async (provider) => {
      const [owner, person] = [await somebody(client), stranger()];
      const visit = await beginLink(client, provider, owner.cookies);
      const { bearer, cookies } = owner;
      const closed = await client.call('DELETE', '/api/auth/sessions?keep=current', { bearer });
      expect(closed.status, closed.text).toBe(200);
      const answer = await returnAs(client, visit, person, provider === 'apple' ? {} : cookies);
      expect(landing(answer).error).toBe('transaction_invalid');
      expect(await holdersOf(client, person.sub)).toEqual([]);
      expect(await countEvents(client, owner, 'identity_linked')).toBe(0);
      expect(landing(await linkTo(client, provider, person, cookies)).error).toBeNull();
    },
  );

  test('of a user who was banned meanwhile links nothing (SES-16)', async () => {
    const [owner, person] = [await somebody(client), stranger()];
    const visit = await beginLink(client, 'google', owner.cookies);
    await change(client, sql`UPDATE users SET banned_at = now() WHERE id = ${owner.userId}::uuid`);
    expect(landing(await returnAs(client, visit, person)).error).toBe('transaction_invalid');
    expect(await holdersOf(client, person.sub)).toEqual([]);
  });

  test('with an identity of another user is account_exists, and changes nothing (LNK-04)', async () => {
    const person = stranger();
    const holder = await enterBy(client, 'google', person);
    const owner = await somebody(client);
    const answer = await linkTo(client, 'google', person, owner.cookies);
    expect(landing(answer)).toMatchObject({ status: 303, error: 'account_exists' });
    expect(await holdersOf(client, person.sub)).toEqual([{ user_id: holder.user.id }]);
    expect(await providersOf(client, owner.userId)).toEqual([]);
    expect(await countEvents(client, owner, 'identity_linked')).toBe(0);
    expect(await kindsTo(client, person.email)).toEqual([]);
    expect((await enterBy(client, 'google', person)).user.id).toBe(holder.user.id);
  });

  test('of an identity that the earlier system stored for another user is not theirs (LNK-04)', async () => {
    const [holder, owner, person] = [await somebody(client), await somebody(client), stranger()];
    await databaseOf(client).query(sql`
      UPDATE users SET oauth_provider = 'google', oauth_id = ${person.sub} WHERE id = ${holder.userId}::uuid`);
    const answer = await linkTo(client, 'google', person, owner.cookies);
    expect(landing(answer).error).toBe('account_exists');
    expect((await enterBy(client, 'google', person)).user.id).toBe(holder.userId);
  });

  test('counts once: a second return with the state is refused (OAU-01, OAU-14)', async () => {
    const [owner, first, second] = [await somebody(client), stranger(), stranger()];
    const visit = await beginLink(client, 'google', owner.cookies);
    expect(landing(await returnAs(client, visit, first, owner.cookies)).error).toBeNull();
    await client.call('DELETE', '/api/auth/identities/google', { bearer: owner.bearer });
    expect(landing(await returnAs(client, visit, second, owner.cookies)).error).toBe('transaction_invalid');
    expect(await holdersOf(client, second.sub)).toEqual([]);
  });

  test('of a link signs nobody in, and that of a sign-in links nothing', async () => {
    const [owner, person] = [await somebody(client), stranger()];
    const linked = await linkTo(client, 'apple', person, owner.cookies);
    expect(linked.setCookies.filter((line) => !line.startsWith('__Host-nexora_oauth_'))).toEqual([]);
    const other = await enterBy(client, 'google', stranger(), { options: { cookies: owner.cookies } });
    expect(other.user.id).not.toBe(owner.userId);
    expect(await providersOf(client, owner.userId)).toEqual(['apple']);
  });
});

describe('linking and unlinking', () => {
  test('are refused on the way back when the session has become stale meanwhile (SES-15, LNK-04)', async () => {
    for (const provider of ['google', 'apple']) {
      const [owner, person] = [await somebody(client), stranger()];
      const visit = await beginLink(client, provider, owner.cookies);
      await makeStale(owner.email);
      const answer = await returnAs(client, visit, person, owner.cookies);
      expect(landing(answer)).toMatchObject({ status: 303, error: 'reauthentication_required' });
      expect(await holdersOf(client, person.sub)).toEqual([]);
      expect(await kindsTo(client, owner.email)).toEqual([]);
    }
  });

  test('are about one\u2019s own alone, and so are lists', async () => {
    const [owner, other] = [await somebody(client), await somebody(client)];
    await linkTo(client, 'google', stranger(), owner.cookies);
    const listed = await client.get('/api/auth/identities', { bearer: other.bearer });
    expect(listed.json.identities).toEqual([]);
    const removed = await client.call('DELETE', '/api/auth/identities/google', { bearer: other.bearer });
    expect(removed.json.code).toBe('identity_not_found');
    expect(await providersOf(client, owner.userId)).toEqual(['google']);
  });
});

/** What the second step of a browser that came from a provider says. */
function secondStep(cookie: string, code: string) {
  return client.post(
    '/api/auth/login/two-factor',
    { code },
    { cookies: { [challengeCookie]: cookie }, headers: freshClient() },
  );
}

const countLinked = (email: string) => countMails(client, email, 'identity_linked');

describe('an identity that a verified address links (LNK-16)', () => {
  test.each(['google', 'apple'])(
    'is linked by the second step, in the same two round trips, and by nothing before it: %s',
    async (provider) => {
      const user = await twoFactorUser(client);
      const someone = { sub: freshSubject(), email: user.email };
      const abandoned = await arrive(client, provider, someone);
      expect(cookieValue(abandoned, challengeCookie)).toBeDefined();
      expect(await holdersOf(client, someone.sub)).toEqual([]);
      expect(await countLinked(user.email)).toBe(0);
      const answer = await arrive(client, provider, someone);
      const cookie = cookieValue(answer, challengeCookie) ?? '';
      expect((await secondStep(cookie, '000000')).status).toBe(401);
      expect(await holdersOf(client, someone.sub)).toEqual([]);
      const done = await secondStep(cookie, await freshCode(client, user));
      expect([done.status, done.roundTrips], done.text).toEqual([200, 2]);
      expect(await holdersOf(client, someone.sub)).toEqual([{ user_id: user.userId }]);
      expect(await countLinked(user.email)).toBe(1);
      // From then on it is the account's, whatever address comes along.
      const again = await arrive(client, provider, { ...someone, email: freshEmail() });
      expect(cookieValue(again, challengeCookie)).toBeDefined();
      expect(await countLinked(user.email)).toBe(1);
    },
  );

  test('is linked when an app redeems its code, and behind a challenge by the second step of that', async () => {
    const { verifier: codeVerifier, codeChallenge } = await freshVerifier();
    const query = { transport: 'body', codeChallenge, redirectTo: appUrl };
    const redeem = (code: string | null) =>
      client.post('/api/auth/oauth/token', { code, codeVerifier }, { headers: freshClient() });
    const plain = await verifiedUser(client);
    const someone = { sub: freshSubject(), email: plain.email };
    const { code } = landing(await arrive(client, 'google', someone, { query }));
    expect(await holdersOf(client, someone.sub)).toEqual([]);
    const tokens = await redeem(code);
    expect([tokens.status, tokens.roundTrips], tokens.text).toEqual([200, 2]);
    expect(await holdersOf(client, someone.sub)).toEqual([{ user_id: plain.userId }]);
    expect(await countLinked(plain.email)).toBe(1);

    const careful = await twoFactorUser(client);
    const other = { sub: freshSubject(), email: careful.email };
    const asked = await redeem(landing(await arrive(client, 'google', other, { query })).code);
    expect(asked.json.twoFactorRequired).toBe(true);
    expect(await holdersOf(client, other.sub)).toEqual([]);
    expect((await completeChallenge(client, asked, { code: await freshCode(client, careful) })).status).toBe(
      200,
    );
    expect(await holdersOf(client, other.sub)).toEqual([{ user_id: careful.userId }]);
  });

  test('is left to whoever has it by then: the sign-in is complete, and links nothing', async () => {
    const user = await twoFactorUser(client);
    const someone = { sub: freshSubject(), email: user.email };
    const cookie = cookieValue(await arrive(client, 'google', someone), challengeCookie) ?? '';
    const other = await verifiedUser(client);
    await change(
      client,
      sql`INSERT INTO identities (user_id, provider, issuer, subject)
        VALUES (${other.userId}::uuid, 'google', 'https://accounts.google.com', ${someone.sub})`,
    );
    expect((await secondStep(cookie, await freshCode(client, user))).status).toBe(200);
    expect(await holdersOf(client, someone.sub)).toEqual([{ user_id: other.userId }]);
    expect(await countLinked(user.email)).toBe(0);
  });

  test("keeps Apple's token until then, and has it revoked where the second step never comes (OAU-16)", async () => {
    const user = await twoFactorUser(client);
    const someone = { sub: freshSubject(), email: user.email };
    const arriveWith = async (token: string) => {
      const visit = await begin(client, 'apple', {}, { headers: freshClient() });
      const said = { ...instructionsFor('apple', someone), tokenResponse: { refresh_token: token } };
      const answer = await comeBackAsAsked(client, visit, { code: codeFor(visit, said) });
      return cookieValue(answer, challengeCookie) ?? '';
    };
    const waiting = () =>
      databaseOf(client).query<{ is_held: boolean; is_due_later: boolean }>(sql`
        SELECT t.identity_id IS NOT NULL AS is_held, t.due_at > now() + interval '20 minutes' AS is_due_later
        FROM provider_tokens t WHERE t.identity_id IS NULL AND t.due_at > now()
          OR t.identity_id IN (SELECT i.id FROM identities i WHERE i.user_id = ${user.userId}::uuid)`);
    const before = (await waiting()).length;
    await arriveWith(crypto.randomUUID());
    const cookie = await arriveWith(crypto.randomUUID());
    expect((await waiting()).slice(before)).toHaveLength(2);
    expect((await waiting()).every((row) => !row.is_held && row.is_due_later)).toBe(true);
    expect((await secondStep(cookie, await freshCode(client, user))).status).toBe(200);
    expect((await waiting()).filter((row) => row.is_held)).toHaveLength(1);
  });
});

describe('an account that is being recovered, and what its owner has disowned (LNK-15)', () => {
  test('has nothing linked by its address: account_exists, and the owner is told', async () => {
    const user = await verifiedUser(client);
    await change(
      client,
      sql`UPDATE users SET recovery_since = now(), recovery_cause = 'not_me' WHERE id = ${user.userId}::uuid`,
    );
    const answer = await arrive(client, 'google', { sub: freshSubject(), email: user.email });
    expect(landing(answer).error).toBe('account_exists');
    expect(await kindsTo(client, user.email)).toEqual(['identity_not_linked']);
    expect(await providersOf(client, user.userId)).toEqual([]);
  });

  test('has nothing linked by a second step either, if the recovery began behind the first one', async () => {
    const user = await twoFactorUser(client);
    const someone = { sub: freshSubject(), email: user.email };
    const cookie = cookieValue(await arrive(client, 'google', someone), challengeCookie) ?? '';
    const token = await storeLink(client, 'not_me', { id: user.userId, email: user.email });
    expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
    const refused = await secondStep(cookie, await freshCode(client, user));
    expect([refused.status, refused.json.code]).toEqual([401, 'challenge_expired']);
    expect(await holdersOf(client, someone.sub)).toEqual([]);
  });

  test('is never again linked by the address what was disowned, and is by its owner who is signed in', async () => {
    const user = await verifiedUser(client);
    const someone = { sub: freshSubject(), email: user.email };
    await enterBy(client, 'google', someone);
    const token = await tokenFrom(client, user.email, 'new_device');
    expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
    expect(await identitiesOf(client, user.userId)).toEqual([]);
    expect((await reset(client, await tokenFrom(client, user.email, 'reset_password'))).status).toBe(200);

    expect(landing(await arrive(client, 'google', someone)).error).toBe('account_exists');
    // Another identity of the same address is another one.
    const other = await enterBy(client, 'github', { sub: freshSubject(), email: user.email });
    expect(other.user.id).toBe(user.userId);
    const login = await logIn(client, user.email, { password: otherPassword });
    expect(landing(await linkTo(client, 'google', someone, authCookies(login))).error).toBeNull();
    expect((await enterBy(client, 'google', someone)).user.id).toBe(user.userId);
  });
});

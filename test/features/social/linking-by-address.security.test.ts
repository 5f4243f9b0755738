import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, otherPassword } from '../../support/accounts.ts';
import { authCookies, cookieValue } from '../../support/client.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { begin, codeFor, comeBackByForm, landing } from '../../support/social.ts';
import { completeChallenge, freshCode, twoFactorUser } from '../../support/two-factor.ts';
import { reset } from '../password/password-reset.ts';
import { change, databaseOf, kindsTo, verifiedUser } from '../two-factor/calls.ts';
import { freshVerifier } from './app-visits.ts';
import {
  arrive,
  enterBy,
  freshSubject,
  holdersOf,
  identitiesOf,
  instructionsFor,
  linkTo,
  providersOf,
  socialClient,
} from './people.ts';

const appUrl = 'com.example.app:/signed-in';
const client = socialClient({ APP_REDIRECTS: appUrl });
const challengeCookie = '__Host-nexora_challenge';

/** What the second step of a browser that came from a provider says. */
function secondStep(cookie: string, code: string) {
  return client.post(
    '/api/auth/login/two-factor',
    { code },
    { cookies: { [challengeCookie]: cookie }, headers: freshClient() },
  );
}

const countLinked = async (email: string) =>
  (await kindsTo(client, email)).filter((kind) => kind === 'identity_linked').length;

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
      const answer = await comeBackByForm(client, visit, { code: codeFor(visit, said) });
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
    await change(
      client,
      sql`UPDATE users SET recovery_since = now(), recovery_cause = 'not_me' WHERE id = ${user.userId}::uuid`,
    );
    expect((await secondStep(cookie, await freshCode(client, user))).status).toBe(200);
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
    const login = await client.post(
      '/api/auth/login',
      { email: user.email, password: otherPassword },
      { headers: freshClient() },
    );
    expect(landing(await linkTo(client, 'google', someone, authCookies(login))).error).toBeNull();
    expect((await enterBy(client, 'google', someone)).user.id).toBe(user.userId);
  });
});

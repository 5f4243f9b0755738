import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, registerUser } from '../../support/accounts.ts';
import { cookieValue } from '../../support/client.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { begin, landing } from '../../support/social.ts';
import { twoFactorUser } from '../../support/two-factor.ts';
import { accessCookie, claimsOf, refreshByCookie, refreshCookie } from '../sessions/session-fixtures.ts';
import {
  databaseOf,
  deviceCookie,
  eventsOf,
  kindsTo,
  trustDevice,
  trustedCookie,
  verifiedUser,
} from '../two-factor/calls.ts';
import { arrive, enterBy, freshSubject, identitiesOf, type Person, socialClient } from './people.ts';

const client = socialClient();
/** Where somebody enters the code who came without a target. */
const secondStep = `/login/two-factor?${new URLSearchParams({ redirectTo: '/account' })}`;
/** Five that stand in, and the issuer of OpenID Connect with its log-in page, which answers by an address and by a form. */
const providers = ['google', 'github', 'apple', 'microsoft', 'acme', 'local', 'local-post'] as const;

const person = (name?: string, email = freshEmail()): Person => ({
  sub: freshSubject(),
  email,
  ...(name !== undefined && { name }),
});

const issuers: Readonly<Record<string, RegExp>> = {
  google: /^https:\/\/accounts\.google\.com$/,
  github: /^https:\/\/github\.com\/login\/oauth$/,
  apple: /^https:\/\/appleid\.apple\.com$/,
  microsoft: /^https:\/\/login\.microsoftonline\.com\/[\da-f-]{36}\/v2\.0$/,
  acme: /^http:\/\/127\.0\.0\.1:\d+\/oidc\/good$/,
  local: /^http:\/\/127\.0\.0\.1:\d+/,
  'local-post': /^http:\/\/127\.0\.0\.1:\d+/,
};

describe('a sign-in at a provider', () => {
  test.each(providers)(
    'makes an account for whoever is new, with a session and its cookies, in 0 and 2 round trips: %s',
    async (provider) => {
      const someone = person('Grace Hopper');
      const start = await begin(client, provider, { redirectTo: '/home?tab=1' });
      expect(start.answer.roundTrips).toBe(0);
      const { user, session, answer, cookies } = await enterBy(client, provider, someone, {
        query: { redirectTo: '/home?tab=1' },
      });
      expect(answer.roundTrips).toBe(2);
      expect(landing(answer).url).toBe('https://auth.test/home?tab=1');
      expect(user).toMatchObject({
        ...{ email: someone.email, name: 'Grace Hopper', hasPassword: false, twoFactorEnabled: false },
        emailVerified: provider !== 'microsoft',
      });
      expect(session.method).toBe(provider);
      const [identity] = await identitiesOf(client, user.id);
      // The subjects of the local issuer are its own.
      const subject = provider.startsWith('local') ? expect.any(String) : someone.sub;
      expect(identity).toMatchObject({ provider, subject, email: someone.email });
      expect(identity!.issuer).toMatch(issuers[provider]!);
      const names = answer.setCookies.map((line) => line.split('=')[0]).toSorted();
      expect(names.filter((name) => !name!.startsWith('__Host-nexora_oauth_'))).toEqual([
        ...[accessCookie, deviceCookie, refreshCookie],
      ]);
      expect(await eventsOf(client, { userId: user.id })).toEqual(
        expect.arrayContaining([`authn_login_success ${provider}`, `user_created ${provider}`]),
      );
      expect(claimsOf(cookies[accessCookie]!)).toMatchObject({ sub: user.id, amr: ['fed'] });
      const list = await client.get('/api/auth/sessions', { cookies });
      expect(list.json.sessions).toMatchObject([{ current: true, method: provider }]);
      expect((await refreshByCookie(client, cookies[refreshCookie]!)).status).toBe(200);
    },
  );

  test.each(providers)(
    'signs the same person in again, to the same account, with another session, and tells them of a new device alone: %s',
    async (provider) => {
      const someone = person('Grace Hopper');
      const first = await enterBy(client, provider, someone);
      const device = { [deviceCookie]: cookieValue(first.answer, deviceCookie)! };
      const known = await enterBy(client, provider, someone, { options: { cookies: device } });
      expect(await kindsTo(client, someone.email)).toEqual([]);
      expect(cookieValue(known.answer, deviceCookie)).toBeDefined();
      const again = await enterBy(client, provider, { ...someone, name: 'Another Name' });
      expect(again.answer.roundTrips).toBe(2);
      expect(again.user).toMatchObject({ id: first.user.id, name: 'Grace Hopper' });
      expect(again.session.id).not.toBe(first.session.id);
      const events = await eventsOf(client, { userId: first.user.id });
      expect(events.filter((event) => event === `authn_login_success ${provider}`)).toHaveLength(3);
      expect((await client.get('/api/auth/me', { cookies: first.cookies })).status).toBe(200);
      const mails = await mailsTo(client, someone.email);
      expect(mails).toMatchObject([{ kind: 'new_device' }]);
      const disowned = await client.post('/api/auth/not-me', { token: mails[0]!.token });
      expect(disowned.status, disowned.text).toBe(200);
    },
  );

  test('on a device where somebody has signed in by password is on a known one', async () => {
    const { email, userId, deviceToken } = await verifiedUser(client);
    const cookies = { [deviceCookie]: deviceToken };
    const entered = await enterBy(client, 'google', { sub: freshSubject(), email }, { options: { cookies } });
    expect(entered.user.id).toBe(userId);
    expect(await kindsTo(client, email)).toEqual(['identity_linked']);
  });

  test('asks for no second factor on a device that the account trusts, and for one on any other (OTP-13)', async () => {
    const user = await twoFactorUser(client);
    const { cookie } = await trustDevice(client, user);
    const other = await trustDevice(client, await twoFactorUser(client));
    // An application with pages of its own is told.
    const own = socialClient({ HOSTED_PAGES: 'false' });
    for (const provider of ['google', 'apple', 'github']) {
      const someone = { sub: freshSubject(), email: user.email };
      const asked = await arrive(client, provider, someone);
      expect([asked.status, asked.headers.get('Location')]).toEqual([303, secondStep]);
      const options = { cookies: { [trustedCookie]: cookie } };
      const trusted = await enterBy(client, provider, someone, { options });
      expect(trusted.user.id).toBe(user.userId);
      const elsewhere = { options: { cookies: { [trustedCookie]: other.cookie } } };
      const answer = await arrive(client, provider, someone, elsewhere);
      expect([answer.status, answer.headers.get('Location')]).toEqual([303, secondStep]);
      expect(landing(await arrive(own, provider, someone, elsewhere)).error).toBe('two_factor_required');
    }
  });

  test('costs two round trips too where it links, takes over and refuses', async () => {
    const { email } = await verifiedUser(client);
    const linked = await arrive(client, 'google', person(undefined, email));
    const refused = await arrive(client, 'plain', person(undefined, email));
    const denied = await arrive(client, 'google', { ...person(), verified: false });
    expect(landing(refused).error).toBe('account_exists');
    const unverified = await registerUser(client);
    const taken = await arrive(client, 'google', person(undefined, unverified.email));
    for (const answer of [linked, refused, denied, taken]) expect(answer.roundTrips).toBe(2);
  });
});

describe('the name of a new account', () => {
  const nameBy = async (provider: string, name: string | undefined, email = freshEmail()) => {
    return (await enterBy(client, provider, person(name, email))).user.name;
  };

  test.each<[told: string, kept: string]>([
    ['  Zoe\u0308 K.  ', 'Zo\u00eb K.'],
    ['<script>alert(1)</script>', 'local.part'],
    ['https://evil.example', 'local.part'],
    ['x'.repeat(101), 'local.part'],
    ['\u200b', 'local.part'],
    ['', 'local.part'],
  ])('is one that a person could have entered, or what stands before the @: %j', async (told, kept) => {
    const email = `local.part@${crypto.randomUUID()}.example`;
    expect(await nameBy('google', told, email)).toBe(kept);
  });

  test('is the login where GitHub knows no name', async () => {
    const someone = person();
    expect((await enterBy(client, 'github', someone)).user.name).toBe(`login-${someone.sub}`);
  });

  test('is what Apple\u2019s form tells the first time; later forms change nothing', async () => {
    const someone = person('Ada Lovelace');
    expect((await enterBy(client, 'apple', someone)).user.name).toBe('Ada Lovelace');
    const later = await enterBy(client, 'apple', { ...someone, name: 'Eve Else' });
    expect(later.user.name).toBe('Ada Lovelace');
  });
});

describe('the language of a new account', () => {
  test('is that of the browser on its way back, and the owner\u2019s from then on', async () => {
    const someone = person();
    const options = { headers: { 'Accept-Language': 'de-AT,de;q=0.9' } };
    const { user } = await enterBy(client, 'google', someone, { options });
    const [row] = await databaseOf(client).query<{ locale: string }>(
      sql`SELECT locale FROM users WHERE id = ${user.id}::uuid`,
    );
    expect(row!.locale).toBe('de-AT');
    await enterBy(client, 'google', someone, { options: { headers: { 'Accept-Language': 'fr' } } });
    expect(await mailsTo(client, someone.email)).toMatchObject([{ kind: 'new_device', locale: 'de-AT' }]);
  });
});

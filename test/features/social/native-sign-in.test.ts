import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail } from '../../support/accounts.ts';
import { type Answer, cookieValue, type TestClient } from '../../support/client.ts';
import { landing } from '../../support/social.ts';
import { twoFactorUser } from '../../support/two-factor.ts';
import { accessCookie } from '../sessions/session-fixtures.ts';
import { change, deviceCookie, kindsTo, trustDevice, verifiedUser } from '../two-factor/calls.ts';
import { hashHex, idTokenFor, type NativeProvider, nativeClients, nativeIdToken } from './app-visits.ts';
import { countOf } from './expectations.ts';
import { arrive, enterBy, freshSubject, type Person, socialClient } from './people.ts';

const client = socialClient();
const native = ['google', 'apple'] as const;
const nonce = 'nonce-of-the-app';
const seconds = () => Math.floor(Date.now() / 1000);
const person = (email = freshEmail()): Person => ({ sub: freshSubject(), email });

function present(
  provider: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
  service: TestClient = client,
): Promise<Answer> {
  const path = `/api/auth/oauth/${provider}/id-token`;
  return service.post(path, body, { headers: { ...freshClient(), ...headers } });
}

/** Presents a token as it is, which has this nonce unless told otherwise. */
function presentToken(
  provider: string,
  idToken: string,
  body: object = {},
  service = client,
): Promise<Answer> {
  return present(provider, { idToken, nonce, ...body }, {}, service);
}

/** Signs in by a token that is as it should be. */
async function signIn(provider: NativeProvider, someone: Person, members: object = {}, headers = {}) {
  const nonce = crypto.randomUUID();
  const idToken = await idTokenFor(provider, someone, nonce);
  return present(provider, { idToken, nonce, ...members }, headers);
}

function expectInvalid(answer: Answer): void {
  expect([answer.status, answer.json.code], answer.text).toEqual([401, 'id_token_invalid']);
  expect(answer.setCookies).toEqual([]);
}

async function expectRefused(answer: Answer, sub: string): Promise<void> {
  expectInvalid(answer);
  expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
}

describe('POST /api/auth/oauth/:provider/id-token', () => {
  test.each(native)('signs in as login does, in both transports and in each: %s', async (provider) => {
    const someone = person();
    const first = await signIn(provider, someone);
    expect(first, first.text).toMatchObject({ status: 200, roundTrips: 2 });
    expect(first.json).toMatchObject({
      ...{ success: true, tokenType: 'Bearer', refreshToken: expect.any(String) },
      user: { email: someone.email, emailVerified: true, hasPassword: false },
    });
    expect(cookieValue(first, accessCookie)).toBeDefined();
    const { id } = first.json.user;
    const byCookie = await signIn(provider, someone, { transport: 'cookie' });
    expect(byCookie.json.refreshToken).toBeUndefined();
    expect(byCookie.json.user.id).toBe(id);
    const byBody = await signIn(provider, someone, { transport: 'body' });
    expect(byBody.setCookies).toEqual([]);
    const me = await client.get('/api/auth/me', { bearer: byBody.json.accessToken });
    expect(me.json).toMatchObject({ user: { id }, session: { method: provider } });
    // It is the identity of the web as well.
    expect((await enterBy(client, provider, someone)).user.id).toBe(id);
    // An ID token for the client of the web is as good.
    const web = provider === 'google' ? 'google-web' : 'com.example.web';
    const answer = await presentToken(
      provider,
      await nativeIdToken(provider, { sub: someone.sub, nonce }, web),
    );
    expect(answer, answer.text).toMatchObject({ status: 200, json: { user: { id } }, roundTrips: 2 });
  });

  test.each(native)(
    'takes the nonce that the app drew, and not what the token shows of it: %s',
    async (provider) => {
      const drawn = crypto.randomUUID();
      const [own, hashed] = [drawn, await hashHex(drawn)];
      // Google's token has the nonce itself, Apple's its hash.
      const [shown, other] = provider === 'apple' ? [hashed, own] : [own, hashed];
      for (const [inToken, presented, status] of [
        [shown, drawn, 200],
        [other, drawn, 401],
        [hashed, hashed, provider === 'apple' ? 401 : 200],
      ] as const) {
        const idToken = await idTokenFor(provider, person(), undefined, { claims: { nonce: inToken } });
        expect((await present(provider, { idToken, nonce: presented })).status).toBe(status);
      }
    },
  );

  test('asks Apple nothing for a token that was used: its code is not redeemed', async () => {
    const [someone, nonce] = [person(), crypto.randomUUID()];
    const idToken = await idTokenFor('apple', someone, nonce);
    // Apple takes no such code, which is told where it is asked.
    const request = { idToken, nonce, authorizationCode: 'nonsense' };
    expect((await present('apple', request)).json.code).toBe('provider_error');
    expect((await present('apple', { idToken, nonce })).status).toBe(200);
    const used = await present('apple', request);
    expectInvalid(used);
    expect(used.roundTrips).toBe(1);
  });

  test('takes the name of the app where Apple tells none', async () => {
    const someone = person();
    const answer = await signIn('apple', someone, { name: 'Ada Lovelace' });
    expect(answer.json.user.name).toBe('Ada Lovelace');
    const again = await signIn('apple', someone, { name: 'Eve Else' });
    expect(again.json.user.name).toBe('Ada Lovelace');
  });

  test('follows the account rule: linked, refused, closed, unverified, banned (LNK-02, LNK-03, SES-16)', async () => {
    const owner = await verifiedUser(client);
    const someone = person(owner.email);
    const answer = await signIn('google', someone);
    expect(answer.json.user.id).toBe(owner.userId);
    expect(await kindsTo(client, owner.email)).toEqual(
      expect.arrayContaining(['identity_linked', 'new_device']),
    );
    await change(client, sql`UPDATE users SET banned_at = now() WHERE id = ${owner.userId}::uuid`);
    const banned = await signIn('google', someone);
    expect([banned.status, banned.json.code]).toEqual([403, 'access_denied']);
    const unverified = await signIn('google', { ...person(), verified: false });
    expect([unverified.status, unverified.json.code]).toEqual([403, 'email_not_verified']);
    const nonce = crypto.randomUUID();
    const closed = socialClient({ REGISTRATION: 'closed' });
    const idToken = await idTokenFor('google', person(), nonce);
    expect((await present('google', { idToken, nonce }, {}, closed)).json.code).toBe('registration_closed');
  });

  test.each(native)(
    'asks for no second factor on a device that the account trusts (OTP-13): %s',
    async (provider) => {
      const user = await twoFactorUser(client);
      const { token: trustedDeviceToken } = await trustDevice(client, user);
      const trusted = await signIn(provider, person(user.email), { trustedDeviceToken });
      expect(trusted.json, trusted.text).toMatchObject({ user: { id: user.userId } });
    },
  );

  test('knows the device by its header, as login does', async () => {
    const owner = await verifiedUser(client);
    const headers = { 'X-Device-Token': owner.deviceToken };
    await signIn('google', person(owner.email), {}, headers);
    expect(await kindsTo(client, owner.email)).toEqual(['identity_linked']);
  });

  test('makes the device known', async () => {
    const someone = person();
    const first = await signIn('apple', someone, { transport: 'cookie' });
    const cookies = { [deviceCookie]: cookieValue(first, deviceCookie)! };
    expect(landing(await arrive(client, 'apple', someone, { options: { cookies } })).error).toBeNull();
    expect(await kindsTo(client, someone.email)).toEqual([]);
  });
});

describe.each(native)('an ID token that a native app presents (OAU-05): %s', (provider) => {
  test('is refused with an age of over ten minutes, although it lives on', async () => {
    const [sub, claims] = [freshSubject(), { iat: seconds() - 900, exp: seconds() + 9000 }];
    const answer = await presentToken(provider, await nativeIdToken(provider, { sub, nonce, claims }));
    await expectRefused(answer, sub);
    expect(answer.roundTrips).toBe(0);
  });

  test('for several audiences counts only if it was issued to a client of ours', async () => {
    const own = nativeClients[provider];
    for (const [azp, status] of [
      [own, 200],
      ['another-client', 401],
      [null, 401],
    ] as const) {
      const token = await nativeIdToken(provider, {
        ...{ sub: freshSubject(), nonce, claims: { aud: [own, 'another-client'], azp } },
      });
      expect((await presentToken(provider, token)).status).toBe(status);
    }
  });

  test('is refused with the nonce of another sign-in, however that is written', async () => {
    const sub = freshSubject();
    const token = await nativeIdToken(provider, { sub, nonce });
    for (const wrong of ['another-nonce', nonce.toUpperCase(), await hashHex(nonce)])
      await expectRefused(await presentToken(provider, token, { nonce: wrong }), sub);
  });

  test('counts once, however the unused bits of its last letter are written (OAU-14, RFC 4648 section 3.5)', async () => {
    const sub = freshSubject();
    const token = await nativeIdToken(provider, { sub, nonce });
    expect((await presentToken(provider, token)).status).toBe(200);
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const first = letters.indexOf(token.at(-1)!) & 0b110000;
    for (let bits = 0; bits < 16; bits++) {
      expectInvalid(await presentToken(provider, token.slice(0, -1) + letters[first + bits]));
    }
    expect(await countOf(sub)).toEqual({ sessions: 1, users: 1 });
  });

  test('is refused as long as anything would take it after its first use, by the clock too', async () => {
    const sub = freshSubject();
    const claims = { exp: seconds() + 86_400 };
    const token = await nativeIdToken(provider, { sub, nonce, claims });
    expect((await presentToken(provider, token)).status).toBe(200);
    for (const ms of [300_000, 660_000, 1_300_000]) {
      const later = socialClient({}, { now: () => Date.now() + ms });
      expectInvalid(await presentToken(provider, token, {}, later));
    }
    expect(await countOf(sub)).toEqual({ sessions: 1, users: 1 });
  });

  test('never opens the other provider (OAU-02)', async () => {
    const other = provider === 'google' ? 'apple' : 'google';
    const sub = freshSubject();
    await expectRefused(await presentToken(other, await nativeIdToken(provider, { sub, nonce })), sub);
  });
});

test.each(['github', 'microsoft', 'acme', 'unknown', '__proto__'])(
  'POST /api/auth/oauth/:provider/id-token is not there for a provider without native sign-in: %s',
  async (provider) => {
    const token = await nativeIdToken('microsoft', { sub: freshSubject(), nonce });
    const answer = await presentToken(provider, token);
    expect([answer.status, answer.json.code]).toEqual([404, 'not_found']);
  },
);

test.each<[string, Record<string, unknown>]>([
  ['no token', { idToken: undefined }],
  ['an empty token', { idToken: '' }],
  ['an endless token', { idToken: 'a'.repeat(12_289) }],
  ['no nonce', { nonce: undefined }],
  ['a short nonce', { nonce: '1234567' }],
])('POST /api/auth/oauth/google/id-token refuses a request with %s', async (_, body) => {
  const answer = await presentToken('google', 'a.b.c', body);
  expect([answer.status, answer.json.code]).toEqual([400, 'validation_failed']);
});

test.each(['a.b.c', 'a.b', '....', 'eyJhbGciOiJub25lIn0.e30.', 'a.b.c.d.e', ' a.b.c', '\u0000'])(
  'a text that is no ID token is refused as any other: %j',
  async (text) => {
    const answer = await presentToken('google', text);
    expect([answer.status, answer.json.code, answer.roundTrips]).toEqual([401, 'id_token_invalid', 0]);
  },
);

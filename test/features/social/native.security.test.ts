import { beforeEach, describe, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { freshClient } from '../../support/accounts.ts';
import type { Answer } from '../../support/client.ts';
import { signInAtStandIn, standInProvider } from '../../support/social.ts';
import type { StandInInstructions } from '../../support/stand-in-code.ts';
import { clientWith, countOf, freshSubject, signedInUser } from './expectations.ts';
import { hashHex, nativeIdToken } from './native-id-token.ts';

// Each refusal is logged; test/features/social/log.test.ts reads what.
beforeEach(() => void recordLog());

const client = clientWith([standInProvider('good-native')]);
const seconds = () => Math.floor(Date.now() / 1000);
const nonce = 'nonce-of-the-app';

function present(
  provider: string,
  idToken: string,
  body: Readonly<Record<string, unknown>> = {},
  by = client,
): Promise<Answer> {
  const request = { idToken, nonce, ...body };
  return by.post(`/api/auth/oauth/${provider}/id-token`, request, { headers: freshClient() });
}

async function expectRefused(answer: Answer, sub: string): Promise<void> {
  expect([answer.status, answer.json?.code], answer.text).toEqual([401, 'id_token_invalid']);
  expect(answer.setCookies).toEqual([]);
  expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
}

describe.each(['google', 'apple'] as const)(
  'an ID token that a native app presents (OAU-05): %s',
  (provider) => {
    test('signs in, for the app and for the web client alike, with the nonce that the app drew', async () => {
      const sub = freshSubject();
      for (const [clientId, given] of [
        [undefined, nonce],
        [provider === 'google' ? 'google-web' : 'com.example.web', nonce],
      ]) {
        const token = await nativeIdToken(provider, { sub, nonce: given! }, clientId);
        const answer = await present(provider, token);
        expect(answer.status, answer.text).toBe(200);
        expect(answer.roundTrips).toBe(2);
      }
      expect(await countOf(sub)).toEqual({ sessions: 2, users: 1 });
    });

    test.each<[string, Partial<StandInInstructions>]>([
      ['no signature and alg none', { sign: 'none' }],
      ['alg none over a good signature', { header: { alg: 'none' } }],
      ['HS256 with the public key as its secret', { sign: 'hs256-with-public-key' }],
      ['HS256 and no key id', { sign: 'hs256-with-public-key', header: { kid: null } }],
      ['the key of somebody else', { sign: 'other-key' }],
      ['the key of somebody else, without an id', { sign: 'other-key', header: { kid: null } }],
      ['an unknown key id', { header: { kid: 'unknown' } }],
      ['another issuer', { claims: { iss: 'https://evil.example' } }],
      ['no issuer', { claims: { iss: null } }],
      ['the audience of another client', { claims: { aud: 'another-client' } }],
      ['the audiences of this client and another, issued to the other', { claims: { aud: ['x', 'y'] } }],
      ['no audience', { claims: { aud: null } }],
      ['a time that is over', { claims: { iat: seconds() - 400, exp: seconds() - 300 } }],
      ['no end', { claims: { exp: null } }],
      [
        'an age of over ten minutes, although it lives on',
        { claims: { iat: seconds() - 900, exp: seconds() + 9000 } },
      ],
      ['no time at which it was issued', { claims: { iat: null } }],
      ['a time to come', { claims: { iat: seconds() + 3600, exp: seconds() + 7200 } }],
      ['no nonce', { claims: { nonce: null } }],
      ['another nonce', { claims: { nonce: 'another-nonce' } }],
      ['a nonce that is a list', { claims: { nonce: [nonce] } }],
      ['no subject (OAU-08)', { claims: { sub: null } }],
      ['an empty subject (OAU-08)', { claims: { sub: '' } }],
      ['the text "undefined" as its subject (OAU-08)', { claims: { sub: 'undefined' } }],
      ['a number as its subject (OAU-08)', { claims: { sub: 12_345 } }],
    ])('is refused with %s', async (_, instructions) => {
      const sub = freshSubject();
      const answer = await present(provider, await nativeIdToken(provider, { sub, nonce, ...instructions }));
      await expectRefused(answer, sub);
      expect(answer.roundTrips).toBe(0);
    });

    test('for several audiences counts only if it was issued to a client of ours', async () => {
      const own = provider === 'google' ? 'google-ios' : 'com.example.app';
      for (const [azp, status] of [
        [own, 200],
        ['another-client', 401],
        [null, 401],
      ] as const) {
        const token = await nativeIdToken(provider, {
          ...{ sub: freshSubject(), nonce, claims: { aud: [own, 'another-client'], azp } },
        });
        expect((await present(provider, token)).status).toBe(status);
      }
    });

    test('is refused with the nonce of another sign-in, however that is written', async () => {
      const sub = freshSubject();
      const token = await nativeIdToken(provider, { sub, nonce });
      for (const wrong of ['another-nonce', nonce.toUpperCase(), await hashHex(nonce)])
        await expectRefused(await present(provider, token, { nonce: wrong }), sub);
    });

    test('counts once: presented again it is refused, and of ten at once one signs in (OAU-14)', async () => {
      const sub = freshSubject();
      const token = await nativeIdToken(provider, { sub, nonce });
      const answers = await Promise.all(Array.from({ length: 10 }, () => present(provider, token)));
      const told = answers.map(({ status, json }) => (status === 200 ? 200 : json.code));
      expect(told.filter((outcome) => outcome === 200)).toHaveLength(1);
      expect(told.filter((outcome) => outcome === 'id_token_invalid')).toHaveLength(9);
      const again = await present(provider, token);
      expect([again.status, again.json.code]).toEqual([401, 'id_token_invalid']);
      expect(await countOf(sub)).toEqual({ sessions: 1, users: 1 });
    });

    test('counts once, however the unused bits of its last letter are written (RFC 4648 section 3.5)', async () => {
      const sub = freshSubject();
      const token = await nativeIdToken(provider, { sub, nonce });
      expect((await present(provider, token)).status).toBe(200);
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const first = letters.indexOf(token.at(-1)!) & 0b110000;
      for (let bits = 0; bits < 16; bits++) {
        const answer = await present(provider, token.slice(0, -1) + letters[first + bits]);
        expect([answer.status, answer.json.code]).toEqual([401, 'id_token_invalid']);
      }
      expect(await countOf(sub)).toEqual({ sessions: 1, users: 1 });
    });

    test('is refused as long as anything would take it after its first use, by the clock too', async () => {
      const sub = freshSubject();
      const claims = { exp: seconds() + 86_400 };
      const token = await nativeIdToken(provider, { sub, nonce, claims });
      expect((await present(provider, token)).status).toBe(200);
      for (const ms of [300_000, 660_000, 1_300_000]) {
        const later = clientWith([], {}, { now: () => Date.now() + ms });
        const answer = await present(provider, token, {}, later);
        expect([answer.status, answer.json.code]).toEqual([401, 'id_token_invalid']);
      }
      expect(await countOf(sub)).toEqual({ sessions: 1, users: 1 });
    });

    test('is that of the same person as the one who comes by the browser', async () => {
      const sub = freshSubject();
      const first = await present(provider, await nativeIdToken(provider, { sub, nonce }));
      expect(await signedInUser(client, await signInAtStandIn(client, provider, { sub }))).toBe(
        first.json.user.id,
      );
    });

    test('never opens the other provider (OAU-02)', async () => {
      const other = provider === 'google' ? 'apple' : 'google';
      const sub = freshSubject();
      await expectRefused(await present(other, await nativeIdToken(provider, { sub, nonce })), sub);
    });
  },
);

test.each(['github', 'microsoft', 'acme', 'unknown', '__proto__'])(
  'POST /api/auth/oauth/:provider/id-token is not there for a provider without native sign-in: %s',
  async (provider) => {
    const token = await nativeIdToken('microsoft', { sub: freshSubject(), nonce });
    const answer = await present(provider, token);
    expect([answer.status, answer.json.code]).toEqual([404, 'not_found']);
  },
);

test.each<[string, Record<string, unknown>]>([
  ['no token', { idToken: undefined }],
  ['an empty token', { idToken: '' }],
  ['an endless token', { idToken: 'a'.repeat(12_289) }],
  ['no nonce', { nonce: undefined }],
  ['a short nonce', { nonce: '1234567' }],
  ['a nonce that is a list', { nonce: [nonce] }],
  ['an issuer of its own', { issuer: 'https://evil.example' }],
])('POST /api/auth/oauth/google/id-token refuses a request with %s', async (_, body) => {
  const answer = await present('google', 'a.b.c', body);
  expect([answer.status, answer.json.code]).toEqual([400, 'validation_failed']);
});

test.each(['a.b.c', 'a.b', '....', 'eyJhbGciOiJub25lIn0.e30.', 'a.b.c.d.e', ' a.b.c', '\u0000'])(
  'a text that is no ID token is refused as any other: %j',
  async (text) => {
    const answer = await present('google', text);
    expect([answer.status, answer.json.code, answer.roundTrips]).toEqual([401, 'id_token_invalid', 0]);
  },
);

import { beforeEach, describe, expect, inject, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { isFull, named } from '../../contract/route-choice.ts';
import { freshClient } from '../../support/accounts.ts';
import { query } from '../../support/database.ts';
import { begin, codeFor, comeBack, signInAtStandIn, standInProvider } from '../../support/social.ts';
import type { StandInInstructions } from '../../support/stand-in-code.ts';
import { standInHits, standInIssuer, tokenRequestsWith } from '../../support/stand-ins.ts';
import { nativeClients, nativeIdToken } from './app-visits.ts';
import { clientWith, countOf, expectSentBack, freshSubject, signedInUser } from './expectations.ts';

// Each refusal is logged; test/features/social/log.test.ts reads what.
beforeEach(() => void recordLog());

const issuers = [
  standInProvider('good-id-token'),
  standInProvider('good-id-token-2', { id: 'second' }),
  standInProvider('userinfo-id-token', { id: 'userinfo' }),
];
const client = clientWith(issuers);
const seconds = () => Math.floor(Date.now() / 1000);

/** What is wrong with each ID token, at an issuer whose own is `issuer` and whose client is `clientId`. */
const mutations: readonly [what: string, (clientId: string) => Partial<StandInInstructions>][] = [
  ['no signature and alg none', () => ({ sign: 'none' })],
  ['alg none in other letters', () => ({ sign: 'none', header: { alg: 'nOnE' } })],
  ['alg none over a good signature', () => ({ header: { alg: 'none' } })],
  ['no alg at all', () => ({ header: { alg: null } })],
  ['HS256 with the public key as its secret', () => ({ sign: 'hs256-with-public-key' })],
  ['HS256 and no key id', () => ({ sign: 'hs256-with-public-key', header: { kid: null } })],
  ['the key of somebody else', () => ({ sign: 'other-key' })],
  ['the key of somebody else, without an id', () => ({ sign: 'other-key', header: { kid: null } })],
  ['the key that its own header brings', () => ({ sign: 'other-key', header: { jwk: { kty: 'RSA' } } })],
  ['a key id that the provider does not have', () => ({ header: { kid: 'unknown' } })],
  ['another algorithm than its key is for', () => ({ header: { alg: 'PS256' } })],
  ['a critical extension that nobody knows', () => ({ header: { crit: ['x'], x: 1 } })],
  ['another issuer', () => ({ claims: { iss: 'https://evil.example' } })],
  ['another issuer of the same host', () => ({ claims: { iss: standInIssuer('good-id-token-3') } })],
  ['a slash behind its issuer', () => ({ claims: { iss: `${standInIssuer('good-id-token')}/` } })],
  ['no issuer', () => ({ claims: { iss: null } })],
  ['the audience of another client', () => ({ claims: { aud: 'another-client' } })],
  ['an audience in other letters', (clientId) => ({ claims: { aud: clientId.toUpperCase() } })],
  ['no audience', () => ({ claims: { aud: null } })],
  ['a list of other audiences', () => ({ claims: { aud: ['x', 'y'] } })],
  ['an empty list of audiences', () => ({ claims: { aud: [] } })],
  [
    'several audiences and another authorized party',
    (clientId) => ({ claims: { aud: [clientId, 'b'], azp: 'b' } }),
  ],
  [
    'several audiences and no authorized party',
    (clientId) => ({ claims: { aud: [clientId, 'b'], azp: null } }),
  ],
  ['a time that is over', () => ({ claims: { iat: seconds() - 900, exp: seconds() - 300 } })],
  ['no time at which it ends', () => ({ claims: { exp: null } })],
  ['an end that is a text', () => ({ claims: { exp: String(seconds() + 600) } })],
  ['no time at which it was issued', () => ({ claims: { iat: null } })],
  ['a time to come', () => ({ claims: { iat: seconds() + 3600, exp: seconds() + 7200 } })],
  ['a time before which it does not count', () => ({ claims: { nbf: seconds() + 3600 } })],
  ['no nonce', () => ({ claims: { nonce: null } })],
  ['an empty nonce', () => ({ claims: { nonce: '' } })],
  ['another nonce', () => ({ claims: { nonce: 'another' } })],
  ['a nonce that is a list', () => ({ claims: { nonce: ['nonce-of-the-app'] } })],
  ['no subject (OAU-08)', () => ({ claims: { sub: null } })],
  ['an empty subject (OAU-08)', () => ({ claims: { sub: '' } })],
  ['a blank subject (OAU-08)', () => ({ claims: { sub: ' ' } })],
  ['the text "undefined" as its subject (OAU-08)', () => ({ claims: { sub: 'undefined' } })],
  ['half of a letter in its subject (OAU-08)', () => ({ claims: { sub: 'x\ud800' } })],
  ['the text "null" as its subject (OAU-08)', () => ({ claims: { sub: 'null' } })],
  ['a number as its subject (OAU-08)', () => ({ claims: { sub: 12_345 } })],
  ['a list as its subject (OAU-08)', () => ({ claims: { sub: ['a'] } })],
  ['an endless subject (OAU-08)', () => ({ claims: { sub: 's'.repeat(256) } })],
  ['a subject with a control character (OAU-08)', () => ({ claims: { sub: 'a\0b' } })],
];

/** One of each class, at providers whose tokens the same code checks with another issuer and client. */
const classes = named(mutations, [
  'the key of somebody else',
  'another issuer',
  'the audience of another client',
  'several audiences and another authorized party',
  'a time that is over',
  'another nonce',
  'no subject (OAU-08)',
]);

const others = [
  ['google', 'google-web'],
  ['microsoft', 'microsoft-client'],
] as const;

describe('an ID token from a token endpoint (OAU-05)', () => {
  test.each(mutations)('is refused with %s', async (what, mutate) => {
    const isTriedElsewhere = isFull || classes.some(([name]) => name === what);
    for (const [provider, clientId] of [
      ['acme', 'acme-client'] as const,
      ...(isTriedElsewhere ? others : []),
    ]) {
      const sub = freshSubject();
      const visit = await begin(client, provider);
      const code = codeFor(visit, { sub, ...mutate(clientId) });
      expectSentBack(await comeBack(client, visit, { code }), 'provider_error');
      expect(await tokenRequestsWith(code)).toHaveLength(1);
      expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
    }
  });

  test.each<[string, Partial<StandInInstructions>]>([
    ['as it is', {}],
    ['for one audience in a list', { claims: { aud: ['acme-client'] } }],
    [
      'for several audiences with this client as the authorized party',
      { claims: { aud: ['b', 'acme-client'], azp: 'acme-client' } },
    ],
    ['from a clock that is half a minute ahead', { claims: { iat: seconds() + 30 } }],
    ['without a key id, where the key can be told', { header: { kid: null } }],
    ['with the longest subject (OAU-08)', { claims: { sub: freshSubject().padEnd(255, 'x') } }],
  ])('passes %s', async (_, instructions) => {
    await signedInUser(client, await signInAtStandIn(client, 'acme', instructions));
  });

  test.each(['{}', '{"id_token":""}', '{"id_token":null}', '{"id_token":"a.b.c"}'])(
    'is not to be left out or be anything else: %s',
    async (text) => {
      for (const provider of ['acme', 'google', 'microsoft']) {
        const body = JSON.stringify({ access_token: 'a', token_type: 'Bearer', ...JSON.parse(text) });
        expectSentBack(await signInAtStandIn(client, provider, { body }), 'provider_error');
      }
    },
  );

  test('of the client of an app is not one of the web: only the first client of Google signs in here', async () => {
    const claims = { aud: 'google-ios', azp: 'google-ios' };
    const answer = await signInAtStandIn(client, 'google', { claims });
    expectSentBack(answer, 'provider_error');
  });

  test('is checked by the keys of the configured issuer: those that a token names are not fetched', async () => {
    const trap = standInIssuer('good-named-by-token');
    const header = { jku: `${trap}/jwks`, x5u: `${trap}/jwks`, kid: 'unknown' };
    const instructions = { sign: 'other-key', header, claims: { iss: trap } } as const;
    const answer = await signInAtStandIn(client, 'acme', instructions);
    expectSentBack(answer, 'provider_error');
    const path = new URL(trap).pathname;
    expect(await standInHits(`${path}/jwks`)).toBe(0);
    expect(await standInHits(`${path}/.well-known/openid-configuration`)).toBe(0);
  });

  test('with an unknown key id makes nobody fetch the keys again and again', async () => {
    const path = `${new URL(inject('standInsUrl')).pathname}oidc/good-id-token/jwks`;
    await signedInUser(client, await signInAtStandIn(client, 'acme'));
    const before = await standInHits(path);
    expect(before).toBeGreaterThan(0);
    for (let n = 0; n < 5; n++) {
      const header = { kid: `unknown-${n}` };
      expectSentBack(await signInAtStandIn(client, 'acme', { header }), 'provider_error');
    }
    expect((await standInHits(path)) - before).toBeLessThanOrEqual(1);
  });
});

describe('an ID token that a native app presents (OAU-05)', () => {
  test.each(mutations)('is refused with %s, before the database is asked', async (_, mutate) => {
    for (const provider of ['google', 'apple'] as const) {
      const [sub, nonce, headers] = [freshSubject(), 'nonce-of-the-app', freshClient()];
      const idToken = await nativeIdToken(provider, { sub, nonce, ...mutate(nativeClients[provider]) });
      const answer = await client.post(
        `/api/auth/oauth/${provider}/id-token`,
        { idToken, nonce },
        { headers },
      );
      expect(answer, answer.text).toMatchObject({ status: 401, roundTrips: 0, setCookies: [] });
      expect(answer.json.code).toBe('id_token_invalid');
      expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
    }
  });
});

describe('the userinfo of a provider (OAU-07)', () => {
  test('counts where it is about the subject of the ID token', async () => {
    const sub = freshSubject();
    const id = await signedInUser(client, await signInAtStandIn(client, 'userinfo', { sub }));
    const [row] = await query<{ email: string }>(sql`SELECT email FROM users WHERE id = ${id}::uuid`);
    expect(row!.email).toBe(`${sub}@example.com`);
  });

  test.each<[string, Record<string, unknown>]>([
    ['of another subject', { sub: 'somebody-else' }],
    ['without a subject', { sub: null }],
    ['with an empty subject', { sub: '' }],
    ['with a number as its subject', { sub: 5 }],
  ])('is refused %s', async (_, userinfo) => {
    const sub = freshSubject();
    expectSentBack(await signInAtStandIn(client, 'userinfo', { sub, userinfo }), 'provider_error');
    expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
  });

  test('does not override the subject or the issuer of the ID token', async () => {
    const sub = freshSubject();
    const userinfo = { iss: 'https://evil.example', aud: 'x', email: `${sub}@example.com` };
    const id = await signedInUser(client, await signInAtStandIn(client, 'userinfo', { sub, userinfo }));
    const rows = await query(sql`SELECT issuer, subject FROM identities WHERE user_id = ${id}::uuid`);
    expect(rows).toEqual([{ issuer: standInIssuer('userinfo-id-token'), subject: sub }]);
  });
});

describe('an identity (OAU-08, OAU-09)', () => {
  test('is issuer and subject: the same subject at two providers is two people, and each comes back as themselves', async () => {
    const sub = freshSubject();
    const users: Record<string, string> = {};
    const at = (provider: string) => ({
      sub,
      [provider === 'userinfo' ? 'userinfo' : 'claims']: { email: `${provider}-${sub}@example.com` },
    });
    for (const provider of ['acme', 'second', 'userinfo', 'google', 'apple'])
      users[provider] = await signedInUser(client, await signInAtStandIn(client, provider, at(provider)));
    expect(new Set(Object.values(users)).size).toBe(5);
    for (const [provider, id] of Object.entries(users))
      expect(await signedInUser(client, await signInAtStandIn(client, provider, at(provider)))).toBe(id);
    expect(await countOf(sub)).toEqual({ sessions: 10, users: 5 });
  });

  test('takes the subject to the letter', async () => {
    const sub = freshSubject();
    const first = await signedInUser(client, await signInAtStandIn(client, 'acme', { sub }));
    for (const other of [sub.toUpperCase(), ` ${sub}`, `${sub} `]) {
      const claims = { email: `${crypto.randomUUID()}@example.com` };
      const answer = await signInAtStandIn(client, 'acme', { sub: other, claims });
      expect(await signedInUser(client, answer)).not.toBe(first);
    }
  });
});

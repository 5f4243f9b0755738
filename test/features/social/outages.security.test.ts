import { beforeEach, describe, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { isFull } from '../../contract/route-choice.ts';
import { freshClient } from '../../support/accounts.ts';
import { begin, codeFor, comeBack, landing, signInAtStandIn, standInProvider } from '../../support/social.ts';
import type { StandInGitHubUser, StandInInstructions } from '../../support/stand-in-code.ts';
import { standInHits } from '../../support/stand-ins.ts';
import {
  clientWith,
  countOf,
  expectNoSession,
  expectSentBack,
  freshSubject,
  signedInUser,
} from './expectations.ts';

// Each refusal is logged; test/features/social/log.test.ts reads what.
beforeEach(() => void recordLog());

const issuers = [
  standInProvider('good-outages'),
  standInProvider('hanging-outages', { id: 'hanging' }),
  standInProvider('huge-outages', { id: 'huge' }),
];
const client = clientWith(issuers);
/** One that speaks OpenID Connect, as the others do, and the one that does not. */
const models = isFull ? ['acme', 'google', 'github', 'microsoft', 'apple'] : ['acme', 'github'];
const answersMs = 10_000;

describe('an authorization response that is an error (OAU-15)', () => {
  test.each([
    ['access_denied', 'access_denied'],
    ['user_cancelled_authorize', 'access_denied'],
    ['consent_required', 'access_denied'],
    ['server_error', 'provider_error'],
    ['temporarily_unavailable', 'provider_error'],
    ['invalid_scope', 'provider_error'],
    ['<script>alert(1)</script>', 'provider_error'],
    ['x'.repeat(2000), 'provider_error'],
  ])('sends back with a code of our own, and repeats none of it: %s', async (error, expected) => {
    const visit = await begin(client, 'acme', { redirectTo: '/home' });
    const told = { error, error_description: 'canary-text', error_uri: 'https://evil.example/canary' };
    const answer = await comeBack(client, visit, told);
    expect(answer.headers.get('Location')).toBe(`https://auth.test/home?error=${expected}`);
    expectNoSession(answer);
    expect([answer.text, ...answer.setCookies].join()).not.toMatch(/canary|script/);
  });

  test('counts although a code comes along', async () => {
    const visit = await begin(client, 'acme');
    const sub = freshSubject();
    const code = codeFor(visit, { sub });
    expectSentBack(await comeBack(client, visit, { code, error: 'access_denied' }), 'access_denied');
    expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
  });
});

describe('a token endpoint that fails (OAU-15)', () => {
  test.each<[string, Partial<StandInInstructions>]>([
    ['with 500', { status: 500, body: 'Error\n    at canary (/srv/app.js:1:1)', contentType: 'text/plain' }],
    ['with 503 and a page', { status: 503, body: '<h1>canary</h1>', contentType: 'text/html' }],
    ['with 429', { status: 429, body: '{}' }],
    [
      'with 400 and an error',
      { status: 400, body: '{"error":"invalid_grant","error_description":"canary"}' },
    ],
    ['with 200 and an error', { status: 200, body: '{"error":"bad_verification_code"}' }],
    ['with a page', { body: '<!DOCTYPE html><title>canary</title>', contentType: 'text/html' }],
    ['with a page that says it is JSON', { body: '<!DOCTYPE html><title>canary</title>' }],
    ['with nothing', { status: 200, body: '' }],
    ['with 204', { status: 204 }],
    ['with null', { body: 'null' }],
    ['with a list', { body: '[]' }],
    ['with half of an answer', { body: '{"access_token":"canary' }],
    ['with tokens that are no text', { body: '{"access_token":1,"token_type":"Bearer","id_token":{}}' }],
    ['without an access token', { tokenResponse: { access_token: null } }],
    ['without a type of the token', { tokenResponse: { token_type: null } }],
    ['with bytes that are no text', { body: '\ufffd\u0000' }],
    ['with 16 MiB', { hugeBytes: 16 * 1024 * 1024 }],
  ])('sends the browser back without a session: %s', async (_, instructions) => {
    for (const provider of models) {
      const sub = freshSubject();
      const answer = await signInAtStandIn(client, provider, { sub, ...instructions });
      expectSentBack(answer, 'provider_error');
      expect([answer.text, answer.headers.get('Location')].join()).not.toMatch(/canary| at /);
      expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
    }
  });

  test('by being slow is not waited for longer than ten seconds, and another provider is not slower for it', async () => {
    const begun = Date.now();
    const [slow, quick] = await Promise.all([
      signInAtStandIn(client, 'acme', { delayMs: 30_000 }),
      signInAtStandIn(client, 'google').then((answer) => ({
        answer,
        ms: Date.now() - begun,
      })),
    ]);
    expectSentBack(slow, 'provider_error');
    expect(Date.now() - begun).toBeLessThan(answersMs);
    await signedInUser(client, quick.answer);
    expect(quick.ms).toBeLessThan(4000);
  });

  test('is asked as before once it answers again: the next sign-in needs no restart (DBF-17)', async () => {
    for (const provider of models) {
      const instructions = { sub: freshSubject(), ...(provider === 'github' && { github: gitHubUser() }) };
      expectSentBack(
        await signInAtStandIn(client, provider, { ...instructions, status: 500 }),
        'provider_error',
      );
      const answer = await signInAtStandIn(client, provider, instructions);
      expect(landing(answer).error).toBe(provider === 'microsoft' ? 'email_not_verified' : null);
    }
  });
});

describe('an issuer whose discovery does not answer (OAU-15)', () => {
  test('is not waited for longer than ten seconds, and not asked by every request', async () => {
    const begun = Date.now();
    const answer = await client.get('/api/auth/oauth/hanging?redirectTo=/home');
    expect(landing(answer)).toMatchObject({ status: 303, url: 'https://auth.test/home' });
    expectSentBack(answer, 'provider_error');
    expect(Date.now() - begun).toBeLessThan(answersMs);
    const [first, second] = [Date.now(), await client.get('/api/auth/oauth/hanging')];
    expectSentBack(second, 'provider_error');
    expect(Date.now() - first).toBeLessThan(1000);
    expect(await standInHits('/oidc/hanging-outages/.well-known/openid-configuration')).toBe(1);
  });

  test('of ten requests at once each ends, and none hangs on another one (T21)', async () => {
    const own = clientWith([standInProvider('hanging-at-once')]);
    const begun = Date.now();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => own.get('/api/auth/oauth/acme', { headers: freshClient() })),
    );
    for (const answer of answers) expectSentBack(answer, 'provider_error');
    expect(Date.now() - begun).toBeLessThan(answersMs);
    expect(await standInHits('/oidc/hanging-at-once/.well-known/openid-configuration')).toBe(10);
  });

  test('by sending 16 MiB is refused', async () => {
    expectSentBack(await client.get('/api/auth/oauth/huge'), 'provider_error');
  });
});

describe('the API of GitHub, when it fails (OAU-15)', () => {
  test.each<[string, Partial<StandInGitHubUser>]>([
    ['the user with 500', { userStatus: 500 }],
    ['the user with 401', { userStatus: 401 }],
    ['the addresses with 403', { emailsStatus: 403 }],
    ['the addresses with 404', { emailsStatus: 404 }],
    ['an id that is a text (OAU-08)', { id: '583231' as unknown as number }],
    ['no id (OAU-08)', { id: undefined as unknown as number }],
    ['the id 0 (OAU-08)', { id: 0 }],
    ['a negative id (OAU-08)', { id: -5 }],
    ['half an id (OAU-08)', { id: 1.5 }],
    ['an id beyond all numbers (OAU-08)', { id: 1e300 }],
    ['addresses that are no list', { emails: {} as unknown as [] }],
    ['addresses in another form', { emails: ['a@example.com'] as unknown as [] }],
  ])('sends the browser back without a session: %s', async (_, wrong) => {
    const github = { ...gitHubUser(), ...wrong };
    expectSentBack(await signInAtStandIn(client, 'github', { github }), 'provider_error');
  });
});

function gitHubUser(): StandInGitHubUser {
  const email = `gh-${crypto.randomUUID()}@example.com`;
  const id = crypto.getRandomValues(new Uint32Array(1))[0]! + 1;
  return {
    id,
    login: 'sam',
    name: 'Sam',
    emails: [{ email, primary: true, verified: true, visibility: null }],
  };
}

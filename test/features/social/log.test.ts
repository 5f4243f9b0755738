import { describe, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { isFull } from '../../contract/route-choice.ts';
import { freshClient } from '../../support/accounts.ts';
import { begin, codeFor, comeBack, comeBackAsAsked, landing, standInProvider } from '../../support/social.ts';
import type { StandInInstructions } from '../../support/stand-in-code.ts';
import { tokenRequestsWith } from '../../support/stand-ins.ts';
import { nativeIdToken } from './app-visits.ts';
import { clientWith, expectSentBack, freshSubject } from './expectations.ts';

const issuers = [
  standInProvider('good-log'),
  standInProvider('userinfo-log', { id: 'userinfo' }),
  standInProvider('wrong-issuer-log', { id: 'wrong' }),
  standInProvider('html-log', { id: 'html' }),
  { ...standInProvider('good-log'), id: 'broken', clientSecret: 'canary-secret', canary: true },
];
const client = clientWith(issuers);

/** The lines about a provider, parsed. */
function failures(lines: readonly string[]): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'identity_provider_failed');
}

/** One that comes back by GET, and the one that comes by a form: the same code reads all of them. */
const providers = isFull ? ['acme', 'google', 'apple', 'microsoft', 'userinfo'] : ['acme', 'apple'];

const canaryToken = `canary-${crypto.randomUUID()}`;
const answers: readonly [string, Partial<StandInInstructions>][] = [
  [
    'an error that quotes',
    { status: 400, body: `{"error":"${canaryToken}","error_description":"${canaryToken}"}` },
  ],
  ['an error as a page', { status: 500, body: `<h1>${canaryToken}</h1>`, contentType: 'text/html' }],
  ['half an answer', { body: `{"access_token":"${canaryToken}` }],
  ['a token of another type', { body: `{"access_token":"${canaryToken}","token_type":"${canaryToken}"}` }],
  [
    'no ID token',
    { tokenResponse: { access_token: canaryToken, refresh_token: canaryToken, id_token: null } },
  ],
  ['an ID token that is none', { tokenResponse: { id_token: canaryToken } }],
  ['an ID token in three parts', { tokenResponse: { id_token: `${canaryToken}.${canaryToken}.x` } }],
  ['another issuer', { claims: { iss: `https://${canaryToken}.example` } }],
  ['another audience', { claims: { aud: canaryToken } }],
  ['another nonce', { claims: { nonce: canaryToken } }],
  ['another subject', { claims: { sub: 'undefined' } }],
  ['an unknown key', { header: { kid: canaryToken } }],
  ['an unknown algorithm', { header: { alg: canaryToken } }],
  ['an unknown extension', { header: { crit: [canaryToken], [canaryToken]: 1 } }],
  ['another key', { sign: 'other-key' }],
  ['a redirect', { redirectTo: `https://${canaryToken}.example/` }],
];

describe('identity_provider_failed', () => {
  test.each(answers)('holds no code, token, secret or other text of the provider: %s', async (_, answer) => {
    const lines = recordLog();
    for (const provider of providers) {
      const visit = await begin(client, provider);
      const sub = freshSubject();
      const code = codeFor(visit, { sub, ...answer });
      lines.length = 0;
      expectSentBack(await comeBackAsAsked(client, visit, { code }), 'provider_error');
      const [request] = await tokenRequestsWith(code);
      const { code_verifier, client_secret } = request!.parameters;
      const secrets = [code, visit.state, visit.nonce, code_verifier!, client_secret ?? 'acme-secret'];
      const text = lines.join('\n');
      expect(failures(lines)).toHaveLength(1);
      for (const secret of [...secrets, ...Object.values(visit.cookies), sub, 'canary'])
        expect(text).not.toContain(secret);
      expect(text).not.toMatch(/eyJ|example\.com|at .*\.ts/);
    }
  });

  test('says which provider it was and why, at the request that its id names', async () => {
    const lines = recordLog();
    const visit = await begin(client, 'acme');
    const answer = await comeBack(client, visit, {
      code: codeFor(visit, { status: 500 }),
    });
    const [line] = failures(lines);
    expect(line).toEqual({
      ...{ time: expect.any(String), level: 'warn', event: 'identity_provider_failed' },
      ...{ requestId: answer.headers.get('X-Request-Id') },
      cause: { provider: 'acme', reason: expect.stringMatching(/.{11}/) },
    });
  });

  test('is written for a discovery that is refused, without what it says', async () => {
    const lines = recordLog();
    for (const provider of ['wrong', 'html']) await client.get(`/api/auth/oauth/${provider}`);
    expect(failures(lines)).toMatchObject([
      { cause: { provider: 'wrong' } },
      { cause: { provider: 'html' } },
    ]);
    expect(lines.join()).not.toMatch(/DOCTYPE|wrong-issuer-log-other/);
  });

  test('is not written for an ID token that is refused to an app, which anybody can send', async () => {
    const lines = recordLog();
    const nonce = 'nonce-of-the-app';
    const idToken = await nativeIdToken('google', {
      sub: freshSubject(),
      nonce,
      claims: { aud: canaryToken },
    });
    const headers = freshClient();
    const answer = await client.post('/api/auth/oauth/google/id-token', { idToken, nonce }, { headers });
    expect(answer.status).toBe(401);
    expect(lines).toEqual([]);
  });

  test('is not written for somebody who says no, nor for a visit that is over', async () => {
    const lines = recordLog();
    expectSentBack(
      await comeBack(client, await begin(client, 'acme'), { error: 'access_denied' }),
      'access_denied',
    );
    const over = { ...(await begin(client, 'acme')), cookies: {} };
    expectSentBack(await comeBack(client, over, { code: canaryToken }), 'transaction_invalid');
    expect(failures(lines)).toEqual([]);
  });

  test('names, for an error of the authorization response, nothing of that', async () => {
    const lines = recordLog();
    const visit = await begin(client, 'acme');
    await comeBack(client, visit, { error: canaryToken, error_description: canaryToken });
    expect(failures(lines)).toHaveLength(1);
    expect(lines.join()).not.toContain('canary');
  });
});

test('a sign-in that succeeds logs no code, state, token or verifier (OAU-03)', async () => {
  const lines = recordLog();
  for (const provider of ['acme', 'apple', 'github']) {
    const visit = await begin(client, provider, { loginHint: 'canary@example.com' });
    const code = codeFor(visit);
    const answer = await comeBackAsAsked(client, visit, { code });
    expect(landing(answer).error).toBeNull();
    const [request] = await tokenRequestsWith(code);
    const { code_verifier } = request!.parameters;
    for (const secret of [code, visit.state, visit.nonce, code_verifier!, 'canary'])
      expect(lines.join()).not.toContain(secret);
  }
});

test('a provider that is configured wrongly is logged by the names of its variables (OAU-18)', async () => {
  const lines = recordLog();
  expect((await client.get('/api/auth/oauth/broken')).status).toBe(503);
  expect(lines.join()).toContain('OIDC_PROVIDERS');
  expect(lines.join()).not.toContain('canary');
});

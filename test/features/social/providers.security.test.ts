import { beforeEach, describe, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { isFull } from '../../contract/route-choice.ts';
import {
  begin,
  codeFor,
  comeBack,
  comeBackAsAsked,
  landing,
  signInAtStandIn,
  standInProvider,
} from '../../support/social.ts';
import { standInHits, standInIssuer, tokenRequestsWith } from '../../support/stand-ins.ts';
import { dumpRows } from '../two-factor/calls.ts';
import { nativeIdToken } from './app-visits.ts';
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
  standInProvider('good-providers'),
  standInProvider('iss-advertised', { id: 'advertised' }),
  standInProvider('userinfo-providers', { id: 'userinfo' }),
  ...['wrong-issuer', 'redirecting', 'http-endpoints', 'html', 'huge', 'absent'].map((variant) =>
    standInProvider(`${variant}-1`, { id: variant }),
  ),
];
const client = clientWith(issuers);

describe('the issuer of an authorization response (OAU-04)', () => {
  test.each([
    ['acme', 'https://evil.example'],
    ['acme', `${standInIssuer('good-providers')}/`],
    ['acme', standInIssuer('iss-advertised')],
    ['advertised', null],
    ['advertised', ''],
    ['advertised', standInIssuer('good-providers')],
    ['google', 'https://appleid.apple.com'],
    ['github', 'https://github.com'],
    ['apple', 'https://accounts.google.com'],
    ['microsoft', 'https://evil.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'],
  ])('is the one of the provider, or the code is not even sent: %s, %s', async (provider, iss) => {
    const visit = await begin(client, provider);
    const code = codeFor(visit);
    const answer = await comeBackAsAsked(client, visit, { code, ...(iss !== null && { iss }) });
    expectSentBack(answer, 'provider_error');
    expect(await tokenRequestsWith(code)).toEqual([]);
  });

  test.each([
    ['acme', null],
    ['acme', standInIssuer('good-providers')],
    ['advertised', standInIssuer('iss-advertised')],
    ['google', 'https://accounts.google.com'],
  ])('passes as it is: %s, %s', async (provider, iss) => {
    const visit = await begin(client, provider);
    const code = codeFor(visit);
    await signedInUser(client, await comeBack(client, visit, { code, ...(iss !== null && { iss }) }));
  });

  test('of a tenant of Microsoft is the one that the ID token names too', async () => {
    const [tid, other] = ['9188040d-6c67-4c5b-b112-36a304b66dad', '11111111-2222-3333-4444-555555555555'];
    for (const [named, error] of [
      [tid, 'email_not_verified'],
      [other, 'provider_error'],
    ]) {
      const visit = await begin(client, 'microsoft');
      const code = codeFor(visit, { claims: { tid } });
      const iss = `https://login.microsoftonline.com/${named}/v2.0`;
      expectSentBack(await comeBack(client, visit, { code, iss }), error!);
    }
  });
});

describe('the discovery of a provider (OAU-06)', () => {
  test.each(['wrong-issuer', 'redirecting', 'http-endpoints', 'html', 'huge', 'absent'])(
    'is refused, and the browser sent back with nothing: %s',
    async (provider) => {
      const answer = await client.get(`/api/auth/oauth/${provider}?redirectTo=/home`);
      expect(landing(answer)).toMatchObject({ status: 303, url: 'https://auth.test/home' });
      expectSentBack(answer, 'provider_error');
      for (const path of [
        `/trap/${provider}-1`,
        `/oidc/${provider}-1/authorize`,
        `/oidc/${provider}-1/token`,
      ])
        expect(await standInHits(path), path).toBe(0);
    },
  );

  test('that is refused is refused at the callback as well, where nothing else of it is asked', async () => {
    const good = await begin(client, 'acme');
    const later = clientWith([standInProvider('wrong-issuer-2')]);
    const code = codeFor(good);
    expectSentBack(await comeBack(later, good, { code }), 'provider_error');
    expect(await standInHits('/oidc/wrong-issuer-2/.well-known/openid-configuration')).toBe(1);
    expect(await tokenRequestsWith(code)).toEqual([]);
    expect(await standInHits('/oidc/wrong-issuer-2/token')).toBe(0);
    expect(await standInHits('/oidc/wrong-issuer-2/jwks')).toBe(0);
  });

  // provider-client.test.ts has the other statuses.
  test.each(isFull ? [301, 302, 303, 307, 308] : [302, 307])(
    'leads to a token endpoint whose redirects are not followed: %i',
    async (status) => {
      for (const provider of isFull
        ? ['acme', 'google', 'github', 'microsoft', 'apple']
        : ['acme', 'github']) {
        const trap = `trapped-${provider}-${status}`;
        const sub = freshSubject();
        const redirectTo = `${new URL(standInIssuer('x')).origin}/trap/${trap}`;
        expectSentBack(
          await signInAtStandIn(client, provider, { sub, status, redirectTo }),
          'provider_error',
        );
        expect(await standInHits(`/trap/${trap}`)).toBe(0);
        expect(await countOf(sub)).toEqual({ sessions: 0, users: 0 });
      }
    },
  );
});

describe('what a provider is asked for (OAU-16)', () => {
  test.each([
    ['google', 'openid email profile'],
    ['github', 'read:user user:email'],
    ['microsoft', 'openid email profile'],
    ['apple', 'openid email name'],
    ['acme', 'openid email profile'],
  ])('is no more than who somebody is: %s', async (provider, scope) => {
    expect((await begin(client, provider)).url.searchParams.get('scope')).toBe(scope);
  });
});

test('no table holds a token of a provider, a code, a state, a nonce or a verifier in clear after a full run (OAU-16)', async () => {
  const client = clientWith(issuers);
  const seen = new Map<string, string>();
  const subjects: string[] = [];
  for (const provider of ['acme', 'google', 'github', 'apple', 'userinfo', 'microsoft'])
    for (const isForApp of [false, true]) {
      const app = { transport: 'body', codeChallenge: 'c'.repeat(43), redirectTo: '/in' };
      const visit = await begin(client, provider, isForApp ? app : {});
      const [sub, refresh] = [freshSubject(), `refresh-${crypto.randomUUID()}`];
      const access_token = ['github', 'userinfo'].includes(provider)
        ? {}
        : { access_token: crypto.randomUUID() };
      const tokenResponse = { ...access_token, refresh_token: refresh };
      const code = codeFor(visit, { sub, tokenResponse });
      const answer = await comeBackAsAsked(client, visit, { code });
      const { error, code: ownCode } = landing(answer);
      expect(error).toBe(provider === 'microsoft' ? 'email_not_verified' : null);
      const [request] = await tokenRequestsWith(code);
      const secrets = {
        ...{
          code,
          refresh,
          state: visit.state,
          nonce: visit.nonce,
          verifier: request!.parameters.code_verifier!,
        },
        ...{ secret: request!.parameters.client_secret ?? 'acme-secret', challenge: visit.codeChallenge },
        ...{ access: access_token.access_token, sealed: Object.values(visit.cookies)[0]!, ownCode },
      };
      for (const [name, text] of Object.entries(secrets)) if (text) seen.set(text, `${name} of ${provider}`);
      if (provider !== 'github' && provider !== 'microsoft') subjects.push(sub);
    }
  const nonce = `nonce-${crypto.randomUUID()}`;
  const idToken = await nativeIdToken('google', { sub: freshSubject(), nonce });
  const answer = await client.post('/api/auth/oauth/google/id-token', { idToken, nonce });
  expect(answer.status, answer.text).toBe(200);
  seen.set(nonce, 'nonce of an app').set(idToken, 'ID token').set(idToken.split('.')[2]!, 'its signature');

  const rows = (await dumpRows(client)).toLowerCase();
  for (const sub of subjects) expect(rows).toContain(sub);
  expect(rows).toContain('"sealed"');
  for (const [text, name] of seen) {
    // What proves it without its prefix, and what a bytea would show of it.
    const bare = text.replace(/^nx._/, '');
    const hex = [...new TextEncoder().encode(bare)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
    for (const spelling of [text, bare, hex]) expect(rows, name).not.toContain(spelling.toLowerCase());
  }
});

describe('a provider that is configured wrongly (OAU-18)', () => {
  test.each([
    ['google', { GOOGLE_CLIENT_SECRET: undefined }],
    ['google', { GOOGLE_CLIENT_ID: undefined }],
    ['google', { GOOGLE_CLIENT_SECRET: '' }],
    ['github', { GITHUB_CLIENT_SECRET: undefined }],
    ['microsoft', { MICROSOFT_CLIENT_SECRET: undefined }],
    ['microsoft', { MICROSOFT_TENANT: 'https://evil.example' }],
    ['apple', { APPLE_PRIVATE_KEY: undefined }],
    ['apple', { APPLE_PRIVATE_KEY: 'no key' }],
    ['apple', { APPLE_TEAM_ID: undefined }],
    ['acme', { OIDC_PROVIDERS: JSON.stringify([{ ...issuers[0], clientSecret: undefined }, issuers[1]]) }],
  ] as [string, Record<string, string | undefined>][])(
    'is off by itself, and lets nobody in: %s %j',
    async (provider, wrong) => {
      const broken = clientWith(issuers, wrong);
      const path = `/api/auth/oauth/${provider}`;
      const good = await begin(client, provider);
      const parameters = { state: good.state, code: codeFor(good) };
      const query = new URLSearchParams(parameters);
      const cookies = good.cookies;
      for (const answer of [
        await broken.get(path),
        await broken.get(`${path}/callback?${query}`, { cookies }),
        await broken.call('POST', `${path}/callback`, { form: parameters, cookies }),
        await broken.post(`${path}/id-token`, { idToken: 'a.b.c', nonce: 'nonce-of-app' }),
      ]) {
        expect([answer.status, answer.json?.code], answer.text).toEqual([503, 'misconfigured']);
        expectNoSession(answer);
        for (const value of Object.values(wrong)) if (value) expect(answer.text).not.toContain(value);
        expect(answer.text).not.toMatch(/CLIENT|OIDC|APPLE_|TENANT/);
      }
      expect((await broken.get('/api/auth/me')).status).toBe(401);
      expect((await broken.get('/api/auth/me', { cookies })).status).toBe(401);
      const offered = (await broken.get('/api/auth/oauth/providers')).json.providers;
      expect(offered.map(({ id }: { id: string }) => id)).not.toContain(provider);
      const other = provider === 'google' ? 'apple' : 'google';
      await signedInUser(broken, await signInAtStandIn(broken, other));
    },
  );

  test('with a key that cannot sign fails as a provider that does not answer, and alone', async () => {
    const APPLE_PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----\n${'AAAA'.repeat(50)}\n-----END PRIVATE KEY-----`;
    const broken = clientWith(issuers, { APPLE_PRIVATE_KEY });
    const answer = await signInAtStandIn(broken, 'apple');
    expectSentBack(answer, 'provider_error');
    await signedInUser(broken, await signInAtStandIn(broken, 'google'));
  });

  test.each(['unknown', 'GOOGLE', 'google%20', '__proto__', 'constructor', '..%2fgoogle', 'x'.repeat(300)])(
    'is another thing than one that is not there: %s',
    async (provider) => {
      for (const answer of [
        await client.get(`/api/auth/oauth/${provider}`),
        await client.get(`/api/auth/oauth/${provider}/callback?code=x&state=y`),
      ])
        expect([answer.status, answer.json?.code]).toEqual([404, 'not_found']);
    },
  );
});

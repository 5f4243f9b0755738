import { importPKCS8, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { describe, expect, inject, test } from 'vitest';
import { type StandInInstructions, standInCode } from './support/stand-in-code.ts';
import { standInIssuer, tokenRequestsWith } from './support/stand-ins.ts';

// How a stand-in misbehaves when it is told to, the tests of the service notice, which expect a failure then. What it has to
// refuse, they would not: a service that checks nothing signs in as well where nobody else does.
const redirectUri = 'https://auth.test/callback';
const verifier = oauth.generateRandomCodeVerifier();
const codeChallenge = await oauth.calculatePKCECodeChallenge(verifier);

/** A code that only this test has, and for which its client has the verifier. */
function codeFor(instructions: Partial<StandInInstructions> = {}): string {
  return standInCode({ codeChallenge, sub: 'sam', ...instructions });
}

/** A token request as it has to be, but for these parameters; null leaves one out. */
function redeem(url: string, code: string, parameters: Record<string, string | null> = {}, headers = {}) {
  const all = {
    ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier },
    ...{ client_id: 'client', client_secret: 'secret' },
    ...parameters,
  };
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(all)) if (value !== null) body.set(name, value);
  return fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
}

describe('what workerd asks the world', () => {
  test.each([
    ['https://github.com/login', 404],
    ['https://api.github.com/user', 403],
    ['https://appleid.apple.com/auth/keys', 200],
    ['https://oauth2.googleapis.com/token', 404],
    ['https://www.googleapis.com/oauth2/v3/certs', 200],
    ['https://accounts.google.com/', 404],
    ['https://login.microsoftonline.com/common/discovery/v2.0/keys?appid=1', 200],
    ['https://graph.microsoft.com/v1.0/me', 404],
    ['http://api.github.com/user', 599],
    ['https://api.github.com:8443/user', 599],
    ['https://gist.github.com/', 599],
    ['https://example.com/', 599],
  ])('%s is answered with %i', async (url, status) => {
    expect((await fetch(url)).status).toBe(status);
  });
});

describe('an OpenID Connect stand-in', () => {
  test.each<[string, Record<string, string | null>, number, string]>([
    ['another verifier', { code_verifier: `${verifier}x` }, 400, 'invalid_grant'],
    ['no verifier', { code_verifier: null }, 400, 'invalid_grant'],
    ['no redirect URI', { redirect_uri: null }, 400, 'invalid_request'],
    ['an empty secret', { client_secret: '' }, 401, 'invalid_client'],
    ['no client', { client_id: null }, 401, 'invalid_client'],
    ['another grant type', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['what is no code', { code: 'nonsense' }, 400, 'invalid_grant'],
  ])('refuses %s', async (_, parameters, status, error) => {
    const response = await redeem(`${standInIssuer('good')}/token`, codeFor(), parameters);
    expect([response.status, await response.json()]).toMatchObject([status, { error }]);
  });

  test.each([
    ['Basic Y2xpZW50OnNlY3JldA==', 200],
    ['Basic Y2xpZW50Og==', 401],
    ['Bearer secret', 401],
  ])('takes the client credentials %s with %i', async (authorization, status) => {
    const parameters = { client_id: null, client_secret: null };
    const response = await redeem(`${standInIssuer('good')}/token`, codeFor(), parameters, { authorization });
    expect(response.status).toBe(status);
  });

  test('refuses client credentials in two places', async () => {
    const headers = { authorization: 'Basic Y2xpZW50OnNlY3JldA==' };
    const response = await redeem(`${standInIssuer('good')}/token`, codeFor(), {}, headers);
    expect([response.status, await response.json()]).toMatchObject([401, { error: 'invalid_client' }]);
  });

  test('redeems a code once, or as often as it says', async () => {
    const url = `${standInIssuer('good')}/token`;
    const [once, twice] = [codeFor(), codeFor({ uses: 2 })];
    const statuses: number[] = [];
    for (const code of [once, once, twice, twice, twice]) statuses.push((await redeem(url, code)).status);
    expect(statuses).toEqual([200, 400, 200, 200, 400]);
    expect(await tokenRequestsWith(once)).toHaveLength(2);
  });
});

describe('the stand-in for GitHub', () => {
  const url = 'https://github.com/login/oauth/access_token';
  const accept = { accept: 'application/json' };

  test.each([
    [{ code_verifier: 'other' }, 'bad_verification_code'],
    [{ client_secret: '' }, 'incorrect_client_credentials'],
    [{ redirect_uri: '' }, 'redirect_uri_mismatch'],
  ])('answers %j with status 200 and an error', async (parameters, error) => {
    const response = await redeem(url, codeFor(), parameters, accept);
    expect([response.status, await response.json()]).toMatchObject([200, { error }]);
    const form = await redeem(url, codeFor(), parameters);
    expect(await form.text()).toMatch(new RegExp(`^error=${error}&error_description=.+&error_uri=`));
  });

  test('wants a User-Agent and a token that it has given', async () => {
    const ask = async (headers: Record<string, string>) =>
      (await fetch('https://api.github.com/user', { headers })).status;
    expect(await ask({ authorization: 'Bearer gho_e30' })).toBe(403);
    expect(await ask({ 'user-agent': 'test', authorization: 'Bearer nonsense' })).toBe(401);
    expect(await ask({ 'user-agent': 'test' })).toBe(401);
  });
});

describe('the stand-in for Apple', () => {
  const url = 'https://appleid.apple.com/auth/token';

  async function clientSecret(
    changes: { kid?: string; iss?: string; sub?: string; aud?: string; exp?: string } = {},
  ) {
    const { teamId, keyId, privateKey } = inject('appleAccount');
    return new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: changes.kid ?? keyId })
      .setIssuer(changes.iss ?? teamId)
      .setSubject(changes.sub ?? 'client')
      .setAudience(changes.aud ?? 'https://appleid.apple.com')
      .setIssuedAt()
      .setExpirationTime(changes.exp ?? '5 minutes')
      .sign(await importPKCS8(privateKey, 'ES256'));
  }

  test.each([
    [{ kid: 'other' }],
    [{ iss: 'other' }],
    [{ sub: 'other' }],
    [{ aud: 'https://other.test' }],
    [{ exp: '184 days' }],
    [{ exp: '-1 minute' }],
  ])('refuses a client whose secret has %j', async (changes) => {
    const response = await redeem(url, codeFor(), { client_secret: await clientSecret(changes) });
    expect([response.status, await response.json()]).toMatchObject([400, { error: 'invalid_client' }]);
  });
});

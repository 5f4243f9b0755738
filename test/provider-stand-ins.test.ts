import { importPKCS8, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { describe, expect, inject, test } from 'vitest';
import { CookieJar, signInAtIssuer } from './support/issuer-browser.ts';
import { type StandInInstructions, standInCode } from './support/stand-in-code.ts';
import { revokedAtApple, standInHits, standInIssuer, tokenRequestsWith } from './support/stand-ins.ts';
import type { issuerClientIds } from './support/test-issuer.ts';

const client: oauth.Client = { client_id: 'client' };
const redirectUri = 'https://auth.test/callback';
const verifier = oauth.generateRandomCodeVerifier();
const codeChallenge = await oauth.calculatePKCECodeChallenge(verifier);
const insecure = { [oauth.allowInsecureRequests]: true };

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

async function claimsOf(response: Response): Promise<Record<string, unknown>> {
  const { id_token } = await response.json<{ id_token: string }>();
  return JSON.parse(atob(id_token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/')));
}

async function discover(variant: string): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(standInIssuer(variant));
  const response = await oauth.discoveryRequest(issuer, { ...insecure, signal: AbortSignal.timeout(1000) });
  return oauth.processDiscoveryResponse(issuer, response);
}

/** Signs in as a client does that checks everything. */
async function signIn(variant: string, instructions: Partial<StandInInstructions> = {}) {
  const server = await discover(variant);
  const code = codeFor(instructions);
  const parameters = oauth.validateAuthResponse(
    server,
    client,
    new URLSearchParams({ code }),
    oauth.expectNoState,
  );
  const response = await oauth.authorizationCodeGrantRequest(
    ...([server, client, oauth.ClientSecretBasic('secret'), parameters, redirectUri, verifier] as const),
    insecure,
  );
  const { nonce } = instructions;
  const options = { requireIdToken: true, ...(nonce === undefined ? {} : { expectedNonce: nonce }) };
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, options);
  await oauth.validateApplicationLevelSignature(server, response, insecure);
  return { server, code, tokens, claims: oauth.getValidatedIdTokenClaims(tokens)! };
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

describe('the local issuer of the tests', () => {
  function authorizeUrl(id: (typeof issuerClientIds)[number], responseMode: string): string {
    const { issuer, clients } = inject('localIssuer');
    const url = new URL(`${issuer}/auth`);
    url.search = new URLSearchParams({
      ...{ client_id: clients[id].clientId, redirect_uri: `https://auth.test/api/auth/oauth/${id}/callback` },
      ...{
        response_type: 'code',
        scope: 'openid email',
        response_mode: responseMode,
        state: 'a "state" & <b>',
      },
      ...{ code_challenge: codeChallenge, code_challenge_method: 'S256' },
    }).toString();
    return url.href;
  }

  test.each(['local', 'second'] as const)('sends a browser back to %s with a code', async (id) => {
    const callback = await signInAtIssuer(authorizeUrl(id, 'query'), { email: 'ann@example.com' });
    expect(callback.method).toBe('GET');
    const { origin, pathname, searchParams } = new URL(callback.url);
    expect(origin + pathname).toBe(`https://auth.test/api/auth/oauth/${id}/callback`);
    expect(Object.fromEntries(searchParams)).toEqual({
      ...{ code: expect.any(String), state: 'a "state" & <b>', iss: inject('localIssuer').issuer },
    });
  });

  test('has a browser post to local-post, and knows one that was there before', async () => {
    const jar = new CookieJar();
    await signInAtIssuer(authorizeUrl('local', 'query'), { email: 'ann@example.com' }, jar);
    const nobody = { email: 'not an address' };
    const callback = await signInAtIssuer(authorizeUrl('local-post', 'form_post'), nobody, jar);
    expect(callback).toEqual({
      method: 'POST',
      url: 'https://auth.test/api/auth/oauth/local-post/callback',
      form: { code: expect.any(String), state: 'a "state" & <b>', iss: inject('localIssuer').issuer },
    });
    await expect(signInAtIssuer(authorizeUrl('local', 'query'), nobody)).rejects.toThrow(/: 400/);
  });
});

describe('an OpenID Connect stand-in', () => {
  test('satisfies a client that checks everything', async () => {
    const { server, code, tokens, claims } = await signIn('good-checked', { nonce: 'nonce', sub: 'ann' });
    expect(claims).toMatchObject({
      ...{ iss: standInIssuer('good-checked'), sub: 'ann', nonce: 'nonce', aud: 'client' },
      ...{ email: 'ann@example.com', email_verified: true, name: 'Sam Stand-In' },
    });
    const userinfo = await oauth.userInfoRequest(server, client, tokens.access_token, insecure);
    expect(await oauth.processUserInfoResponse(server, client, 'ann', userinfo)).toMatchObject({
      email: 'ann@example.com',
    });
    expect(await tokenRequestsWith(code)).toMatchObject([
      {
        path: '/oidc/good-checked/token',
        parameters: { code, code_verifier: verifier, redirect_uri: redirectUri },
        headers: { authorization: expect.stringMatching(/^Basic /) },
      },
    ]);
    expect(await standInHits('/oidc/good-checked/jwks')).toBe(1);
    expect(await standInHits('/oidc/good-checked/nowhere')).toBe(0);
  });

  test.each([
    ['other-key', 'JWT signature verification failed'],
    ['none', 'unexpected JWT "alg" header parameter'],
    ['hs256-with-public-key', 'unexpected JWT "alg" header parameter'],
  ] as const)('signs an ID token with %s so that a client refuses it', async (sign, message) => {
    await expect(signIn('good', { sign })).rejects.toThrow(message);
  });

  test.each<[Partial<StandInInstructions>, string]>([
    [{ claims: { iss: 'https://other.test' } }, 'unexpected JWT "iss"'],
    [{ claims: { exp: null } }, 'JWT "exp" (expiration time) claim missing'],
    [{ nonce: 'nonce', claims: { nonce: 'other' } }, 'unexpected ID Token "nonce" claim value'],
    [{ header: { alg: 'ES256' } }, 'unexpected JWT "alg" header parameter'],
    [{ header: { kid: 'unknown' } }, 'error when selecting a JWT verification key'],
    [{ tokenResponse: { id_token: null } }, '"response" body "id_token" property must be a string'],
    [{ tokenResponse: { access_token: 7 } }, '"response" body "access_token" property must be a string'],
  ])('says what %j wants, which a client refuses', async (instructions, message) => {
    await expect(signIn('good', instructions)).rejects.toThrow(message);
  });

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

  test('fails as a code wants it to', async () => {
    const url = `${standInIssuer('good')}/token`;
    const broken = await redeem(url, codeFor({ status: 503, body: '<p>down</p>', contentType: 'text/html' }));
    expect([broken.status, broken.headers.get('content-type'), await broken.text()]).toEqual([
      ...[503, 'text/html', '<p>down</p>'],
    ]);
    const elsewhere = await redeem(url, codeFor({ redirectTo: 'https://other.test/' }));
    expect([elsewhere.status, elsewhere.headers.get('location')]).toEqual([302, 'https://other.test/']);
    const huge = await redeem(url, codeFor({ hugeBytes: 3_000_000 }));
    expect((await huge.arrayBuffer()).byteLength).toBe(3_000_000);
    const startedAt = Date.now();
    expect((await redeem(url, codeFor({ delayMs: 200 }))).status).toBe(200);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(190);
  });

  test('gives the address at userinfo alone where its variant says so', async () => {
    const { server, tokens, claims } = await signIn('userinfo', { userinfo: { email_verified: null } });
    expect(claims).not.toHaveProperty('email');
    expect(claims).not.toHaveProperty('email_verified');
    const response = await oauth.userInfoRequest(server, client, tokens.access_token, insecure);
    expect(await response.json()).toEqual({ sub: 'sam', email: 'sam@example.com', name: 'Sam Stand-In' });
    expect((await fetch(server.userinfo_endpoint!)).status).toBe(401);
  });
});

describe('discovery', () => {
  test.each([
    ['wrong-issuer', '"response" body "issuer" property does not match'],
    ['redirecting-a', '"response" is not a conform'],
    ['hanging', 'timeout'],
    ['html', '"response" content-type must be application/json'],
  ])('of %s is of no use to a client', async (variant, message) => {
    await expect(discover(variant)).rejects.toThrow(message);
  });

  test('of redirecting leads into a trap, where a document waits that would do', async () => {
    const issuer = standInIssuer('redirecting-b');
    expect(await standInHits('/trap/redirecting-b')).toBe(0);
    const response = await fetch(`${issuer}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({ issuer });
    expect(await standInHits('/trap/redirecting-b')).toBe(1);
  });

  test('of huge is 16 MiB, of http-endpoints has one without TLS, of iss-advertised promises iss', async () => {
    const huge = await fetch(`${standInIssuer('huge')}/.well-known/openid-configuration`);
    expect((await huge.arrayBuffer()).byteLength).toBeGreaterThan(16 * 1024 * 1024);
    expect((await discover('http-endpoints')).token_endpoint).toBe('http://issuer.test/token');
    expect((await discover('iss-advertised-a')).authorization_response_iss_parameter_supported).toBe(true);
    expect((await discover('good')).authorization_response_iss_parameter_supported).toBeUndefined();
  });

  test('of a variant that there is not is not found', async () => {
    expect((await fetch(`${standInIssuer('goodness')}/.well-known/openid-configuration`)).status).toBe(404);
  });
});

describe('the stand-in for GitHub', () => {
  const url = 'https://github.com/login/oauth/access_token';
  const accept = { accept: 'application/json' };

  test('gives a token for its user, in a form unless JSON is wanted', async () => {
    const form = new URLSearchParams(await (await redeem(url, codeFor())).text());
    expect(form.get('token_type')).toBe('bearer');
    const emails = [
      { email: 'a@example.com', primary: false, verified: true, visibility: null },
      { email: 'b@example.com', primary: true, verified: false, visibility: 'private' },
    ] as const;
    const github = { id: 42, login: 'ann', name: 'Änn', emails };
    const answer = await redeem(url, codeFor({ github }), { grant_type: null }, accept);
    const { access_token } = await answer.json<{ access_token: string }>();
    const headers = { authorization: `Bearer ${access_token}`, 'user-agent': 'test' };
    const user = await fetch('https://api.github.com/user', { headers });
    expect(await user.json()).toMatchObject({ id: 42, login: 'ann', name: 'Änn', email: null });
    expect(await (await fetch('https://api.github.com/user/emails', { headers })).json()).toEqual(emails);
  });

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

  test('fails about the user or the addresses as a code wants it to', async () => {
    const github = { id: 1, login: 'ann', name: null, emails: [], userStatus: 503, emailsStatus: 404 };
    const answer = await redeem(url, codeFor({ github }), {}, accept);
    const { access_token } = await answer.json<{ access_token: string }>();
    const headers = { authorization: `Bearer ${access_token}`, 'user-agent': 'test' };
    expect((await fetch('https://api.github.com/user', { headers })).status).toBe(503);
    expect((await fetch('https://api.github.com/user/emails', { headers })).status).toBe(404);
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

  test('gives an ID token whose booleans are strings, and a refresh token', async () => {
    const code = codeFor({ nonce: 'nonce' });
    const response = await redeem(url, code, { client_secret: await clientSecret() });
    expect(await response.clone().json()).toMatchObject({ refresh_token: expect.stringMatching(/^r\./) });
    expect(await claimsOf(response)).toMatchObject({
      ...{
        iss: 'https://appleid.apple.com',
        aud: 'client',
        sub: 'sam',
        nonce: 'nonce',
        nonce_supported: true,
      },
      ...{ email: 'sam@example.com', email_verified: 'true', is_private_email: 'false' },
      auth_time: expect.any(Number),
    });
  });

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

  test('remembers the tokens that its clients revoke', async () => {
    const revoke = async (token: string, client_secret: string) => {
      const body = new URLSearchParams({
        client_id: 'client',
        client_secret,
        token,
        token_type_hint: 'refresh_token',
      });
      return fetch('https://appleid.apple.com/auth/revoke', { method: 'POST', body });
    };
    const [token, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const response = await revoke(token, await clientSecret());
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect((await revoke(other, 'nonsense')).status).toBe(400);
    const revoked = await revokedAtApple();
    expect(revoked).toContainEqual({ token, tokenTypeHint: 'refresh_token', clientId: 'client' });
    expect(revoked.map((entry) => entry.token)).not.toContain(other);
  });
});

test('the stand-in for Google gives ID tokens of its issuer', async () => {
  const response = await redeem(
    'https://oauth2.googleapis.com/token',
    codeFor({ claims: { hd: 'example.com' } }),
  );
  expect(await claimsOf(response)).toMatchObject({
    ...{ iss: 'https://accounts.google.com', aud: 'client', azp: 'client', sub: 'sam', hd: 'example.com' },
    ...{ email: 'sam@example.com', email_verified: true },
  });
});

test('the stand-in for Microsoft gives ID tokens of the tenant of the account', async () => {
  const url = 'https://login.microsoftonline.com/common/oauth2/v2.0/token';
  const personal = '9188040d-6c67-4c5b-b112-36a304b66dad';
  const claims = await claimsOf(await redeem(url, codeFor()));
  expect(claims).toMatchObject({
    ...{ iss: `https://login.microsoftonline.com/${personal}/v2.0`, tid: personal, oid: expect.any(String) },
    ...{ sub: 'sam', aud: 'client', preferred_username: 'sam@example.com' },
  });
  expect(claims).not.toHaveProperty('email_verified');
  const tid = crypto.randomUUID();
  const other = await claimsOf(await redeem(url, codeFor({ claims: { tid, xms_edov: true, email: null } })));
  expect(other).toMatchObject({ iss: `https://login.microsoftonline.com/${tid}/v2.0`, tid, xms_edov: true });
  expect(other).not.toHaveProperty('email');
});

import { randomBytes } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type LocalIssuer, startLocalIssuer } from '../../tools/local-issuer/start-local-issuer.ts';
import { CookieJar, type IssuerCallback, signInAtIssuer, type Visitor } from '../support/issuer-browser.ts';

const redirectUri = 'https://client.test/callback';
const client: oauth.Client = { client_id: 'client' };
const clientSecret = randomBytes(32).toString('base64url');
const insecure = { [oauth.allowInsecureRequests]: true };

const said: unknown[] = [];
for (const method of ['warn', 'info', 'error'] as const) {
  vi.spyOn(console, method).mockImplementation((...words) => void said.push(words));
}
let local: LocalIssuer;
let server: oauth.AuthorizationServer;

beforeAll(async () => {
  local = await startLocalIssuer({
    port: 0,
    name: 'Issuer <of> tests',
    clients: [{ clientId: client.client_id, clientSecret, redirectUris: [redirectUri] }],
  });
  const issuer = new URL(local.issuer);
  server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
});
afterAll(async () => {
  await local.stop();
  // oidc-provider warns of everything that is left to its defaults.
  expect(said).toEqual([]);
});

/** What a client keeps while its browser is away. */
async function begin(extra: Readonly<Record<string, string>> = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const nonce = oauth.generateRandomNonce();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint!);
  url.search = new URLSearchParams({
    ...{ client_id: client.client_id, redirect_uri: redirectUri, response_type: 'code' },
    ...{ scope: 'openid email profile', state, nonce },
    ...{ code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
    ...extra,
  }).toString();
  return { url: url.href, verifier, nonce, state };
}

function parametersOf(callback: IssuerCallback): URLSearchParams {
  return callback.method === 'GET' ? new URL(callback.url).searchParams : new URLSearchParams(callback.form);
}

/** Signs in as a client does, and returns the claims of the ID token. */
async function signIn(visitor: Visitor, extra: Readonly<Record<string, string>> = {}, jar = new CookieJar()) {
  const { url, verifier, nonce, state } = await begin(extra);
  const parameters = oauth.validateAuthResponse(
    server,
    client,
    parametersOf(await signInAtIssuer(url, visitor, jar)),
    state,
  );
  const response = await oauth.authorizationCodeGrantRequest(
    ...([server, client, oauth.ClientSecretBasic(clientSecret), parameters, redirectUri, verifier] as const),
    insecure,
  );
  const maxAge = extra.max_age === undefined ? oauth.skipAuthTimeCheck : Number(extra.max_age);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    maxAge,
    requireIdToken: true,
  });
  return { claims: oauth.getValidatedIdTokenClaims(tokens)!, accessToken: tokens.access_token };
}

describe('the local issuer', () => {
  test('describes what it offers', async () => {
    expect(server).toMatchObject({
      issuer: local.issuer,
      authorization_response_iss_parameter_supported: true,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      response_modes_supported: expect.arrayContaining(['query', 'form_post']),
      scopes_supported: expect.arrayContaining(['openid', 'email', 'profile']),
    });
  });

  test('gives the address, whether it is verified, and the name in the ID token and at userinfo', async () => {
    const { claims, accessToken } = await signIn({ email: 'Ann@Example.com', name: 'Ann' });
    const expected = { email: 'Ann@Example.com', email_verified: true, name: 'Ann', sub: claims.sub };
    expect(claims).toMatchObject(expected);
    const userinfo = await oauth.userInfoRequest(server, client, accessToken, insecure);
    expect(await oauth.processUserInfoResponse(server, client, claims.sub, userinfo)).toEqual(expected);
  });

  test('knows people by their address, however it is written', async () => {
    const { claims } = await signIn({ email: 'bea@example.com' });
    const { claims: again } = await signIn({ email: 'BEA@example.com', emailVerified: false });
    expect(again).toMatchObject({ sub: claims.sub, email_verified: false });
    expect(again).not.toHaveProperty('name');
    expect((await signIn({ email: 'cas@example.com' })).claims.sub).not.toBe(claims.sub);
  });

  test('answers by form_post when it is asked to', async () => {
    const { url, state } = await begin({ response_mode: 'form_post' });
    const callback = await signInAtIssuer(url, { email: 'dan@example.com' });
    expect(callback).toEqual({
      method: 'POST',
      url: redirectUri,
      form: { code: expect.any(String), state, iss: local.issuer },
    });
    const { claims } = await signIn({ email: 'dan@example.com' }, { response_mode: 'form_post' });
    expect(claims.email).toBe('dan@example.com');
  });

  test.each(['query', 'form_post'])('tells the client by %s that somebody cancelled', async (mode) => {
    const { url, state } = await begin({ response_mode: mode });
    const callback = await signInAtIssuer(url, { email: 'eve@example.com', isCancelled: true });
    const parameters = Object.fromEntries(parametersOf(callback));
    expect(parameters).toMatchObject({ error: 'access_denied', state, iss: local.issuer });
    expect(parameters).not.toHaveProperty('code');
  });

  test('knows a browser again, and asks it anew for prompt=login and when max_age is over', async () => {
    const jar = new CookieJar();
    await signIn({ email: 'fay@example.com' }, {}, jar);
    const { claims: known } = await signIn({ email: 'gus@example.com' }, { max_age: '600' }, jar);
    expect(known).toMatchObject({ email: 'fay@example.com', auth_time: expect.any(Number) });
    const { claims: asked } = await signIn({ email: 'gus@example.com' }, { max_age: '0' }, jar);
    expect(asked).toMatchObject({ email: 'gus@example.com', auth_time: expect.any(Number) });
    const { claims: last } = await signIn({ email: 'hal@example.com' }, { prompt: 'login' }, jar);
    expect(last.email).toBe('hal@example.com');
  });

  test('gives consent by itself where a client asks for it', async () => {
    const { claims } = await signIn({ email: 'ida@example.com' }, { prompt: 'consent' });
    expect(claims.email).toBe('ida@example.com');
  });

  test('refuses a request without PKCE', async () => {
    const { url } = await begin();
    const without = new URL(url);
    without.searchParams.delete('code_challenge');
    without.searchParams.delete('code_challenge_method');
    const callback = await signInAtIssuer(without.href, { email: 'jon@example.com' });
    expect(parametersOf(callback).get('error')).toBe('invalid_request');
  });

  test('shows an unknown redirect URI to the person and not to its owner', async () => {
    const { url } = await begin({ redirect_uri: 'https://other.test/callback' });
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('redirect_uri did not match');
  });

  test('answers under its own host name alone', async () => {
    const { port } = new URL(local.issuer);
    const response = await fetch(`http://localhost:${port}/.well-known/openid-configuration`).catch(
      () => null,
    );
    expect(response?.status ?? 421).toBe(421);
  });
});

describe('the log-in page', () => {
  async function open(extra: Readonly<Record<string, string>> = {}) {
    const jar = new CookieJar();
    const { url } = await begin(extra);
    const first = await fetch(url, { redirect: 'manual' });
    jar.keep(url, first);
    const address = new URL(first.headers.get('location')!, url).href;
    const send = (form: Record<string, string>) => {
      const body = new URLSearchParams(form);
      return fetch(address, {
        method: 'POST',
        body,
        headers: { cookie: jar.header(address) },
        redirect: 'manual',
      });
    };
    return { page: await fetch(address, { headers: { cookie: jar.header(address) } }), address, send };
  }

  test('says whom it lets in, and needs neither a script nor anything from elsewhere', async () => {
    const { page } = await open({ login_hint: '"><b>@example.com' });
    const text = await page.text();
    expect(text).toContain('lets in whoever asks');
    expect(text).toContain('Issuer &lt;of&gt; tests');
    expect(text).toContain('value="&quot;&gt;&lt;b&gt;@example.com"');
    expect(text).toMatch(/<input name="email_verified" type="checkbox" value="true" checked>/);
    expect(text).not.toMatch(/<script|src=|href=/);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('is shown again for what is no address', async () => {
    const { send } = await open();
    const response = await send({ email: 'nobody', action: 'continue' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('This is not an e-mail address.');
  });

  test('is of no use to another browser', async () => {
    const { address } = await open();
    const response = await fetch(address);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('Nothing waits for this log-in any more.');
  });
});

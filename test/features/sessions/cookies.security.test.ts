import { beforeAll, describe, expect, test } from 'vitest';
import { insertAccount } from '../../contract/insert-account.ts';
import { isFull, modelRoutes } from '../../contract/route-choice.ts';
import {
  type Account,
  exampleCall,
  exampleOf,
  maintenanceRoutes,
  registeredRoutes,
} from '../../contract/route-table.ts';
import { insertTwoFactorAccount } from '../../contract/two-factor-account.ts';
import { freshEmail, password, registerUser, registration } from '../../support/accounts.ts';
import { type Answer, TestClient, toRequest } from '../../support/client.ts';
import { baseUrl } from '../../support/test-env.ts';
import {
  accessCookie,
  insertLegacySession,
  refreshByBody,
  refreshByCookie,
  refreshCookie,
  signIn,
} from './session-fixtures.ts';

const deviceCookie = '__Host-nexora_device';
const challengeCookie = '__Host-nexora_challenge';
const trustedCookie = '__Host-nexora_trusted';
const legacyCookie = 'nexora_refresh_token';
/** The cookie of a visit to a provider, which has a name of its own for each visit. */
const visitCookie = '__Host-nexora_oauth';
const cookieFormat =
  /^__Host-nexora_(?:access|refresh|device|challenge|trusted|oauth_[\w-]{8})=(?:[\w.-]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=[1-9]\d*|; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=0)$/;
const ageSecondsMax = 400 * 86_400;

/** The routes whose answer to a request with cookies sets some. Every other one sets none. */
const setters: Readonly<Record<string, readonly string[]>> = {
  'POST /api/auth/register': [accessCookie, refreshCookie, deviceCookie],
  'POST /api/auth/login': [accessCookie, refreshCookie, deviceCookie],
  'POST /api/auth/login/two-factor': [accessCookie, refreshCookie, deviceCookie, challengeCookie],
  'POST /api/auth/two-factor/enable': [accessCookie, refreshCookie],
  'POST /api/auth/refresh': [accessCookie, refreshCookie],
  'POST /api/auth/logout': [accessCookie, refreshCookie],
  'POST /api/auth/reauthenticate': [accessCookie, refreshCookie],
  'POST /api/auth/password/change': [accessCookie, refreshCookie],
  'GET /api/auth/oauth/:provider': [visitCookie],
  'GET /api/auth/oauth/:provider/callback': [accessCookie, refreshCookie, deviceCookie, visitCookie],
  'POST /api/auth/oauth/:provider/callback': [accessCookie, refreshCookie, deviceCookie, visitCookie],
  'POST /api/auth/oauth/:provider/id-token': [accessCookie, refreshCookie, deviceCookie],
  'POST /api/auth/oauth/:provider/link': [visitCookie],
  'POST /api/auth/oauth/:provider/reauthenticate': [visitCookie],
  'POST /api/auth/password/reset': [deviceCookie],
  'POST /api/auth/unlock': [deviceCookie],
  'DELETE /api/auth/me': [accessCookie, refreshCookie],
  'DELETE /api/auth/sessions/:id': [accessCookie, refreshCookie],
  'DELETE /api/auth/sessions': [accessCookie, refreshCookie],
};

describe.each([
  ['in production over https', { ENVIRONMENT: 'production', BASE_URL: baseUrl }],
  ['in development over https', { ENVIRONMENT: 'development', BASE_URL: baseUrl }],
  [
    'in development over http on the loopback',
    { ENVIRONMENT: 'development', BASE_URL: 'http://127.0.0.1:8787' },
  ],
])('the cookies %s', (_name, variables) => {
  const client = new TestClient(variables);
  const Origin = variables.BASE_URL;
  let reader: Account;

  beforeAll(async () => {
    reader = await insertAccount(client);
  });

  const isEvery = isFull || variables.ENVIRONMENT === 'production';
  const routes = registeredRoutes.filter((key) => isEvery || (modelRoutes.includes(key) && key in setters));

  test.each(routes)('of %s have the __Host- prefix and every flag (CKE-01)', async (key) => {
    // What a GET shows, the next one may be shown; whatever else is asked for changes who asks.
    const account = key.startsWith('GET') ? reader : await insertAccount(client);
    const [method, path, options] = exampleCall(key, account, 'cookie', { Origin });
    const { headers, body } = toRequest(method, path, options);
    const answer = await client.send(new Request(`${Origin}${path}`, { method, headers, body }));
    // These two take no credential in development alone, as the table says.
    const isClosed = variables.ENVIRONMENT === 'production' && maintenanceRoutes.includes(key);
    if (!isClosed) expect(answer.status).toBe(exampleOf(key).status);
    for (const cookie of answer.setCookies) expect(cookie).toMatch(cookieFormat);
    expect(namesOf(answer)).toEqual(setters[key] ?? []);
  });

  test('of a challenge and of a trusted device have them too (CKE-01, CKE-02)', async () => {
    const { email, backupCodes } = await insertTwoFactorAccount(client);
    const post = (path: string, body: object, cookies = {}) => {
      const request = toRequest('POST', path, { body, cookies, headers: { Origin } });
      return client.send(new Request(`${Origin}${path}`, request));
    };
    const first = await post('/api/auth/login', { email, password });
    const [challenge = ''] = first.setCookies;
    expect(challenge).toMatch(cookieFormat);
    expect(challenge).toMatch(/; Max-Age=600$/);
    const proof = { backupCode: backupCodes[0], trustDevice: true };
    const sent = { [challengeCookie]: challenge.slice(challenge.indexOf('=') + 1).split(';')[0] ?? '' };
    const second = await post('/api/auth/login/two-factor', proof, sent);
    expect(second.status, second.text).toBe(200);
    const expected = [accessCookie, refreshCookie, deviceCookie, challengeCookie, trustedCookie];
    expect([namesOf(first), namesOf(second)]).toEqual([[challengeCookie], expected]);
    for (const cookie of second.setCookies) expect(cookie).toMatch(cookieFormat);
    expect(second.setCookies[3]).toMatch(/; Max-Age=0$/);
    expect(second.setCookies[4]).toMatch(/; Max-Age=2592000$/);
  });
});

/** The names of the cookies that an answer sets. */
function namesOf({ setCookies }: Answer): (string | undefined)[] {
  return setCookies.map((cookie) => cookie.split('=')[0]?.replace(/(?<=_oauth)_[\w-]{8}$/, ''));
}

describe('the size and age of the cookies', () => {
  function expectWithinLimits({ setCookies }: Answer): void {
    expect(setCookies.length).toBeGreaterThan(0);
    for (const cookie of setCookies) {
      const [pair = '', ...attributes] = cookie.split('; ');
      expect(pair.length).toBeLessThanOrEqual(4096);
      for (const attribute of attributes) expect(attribute.length).toBeLessThanOrEqual(1024);
      expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeLessThanOrEqual(ageSecondsMax);
    }
  }

  test('stay within what browsers keep, by the longest lifetimes, signature, audience and kid (CKE-02)', async () => {
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 4096,
      publicExponent: Uint8Array.of(1, 0, 1),
    };
    const pair = await crypto.subtle.generateKey({ ...algorithm, hash: 'SHA-256' }, true, ['sign', 'verify']);
    const jwk = await crypto.subtle.exportKey('jwk', (pair as CryptoKeyPair).privateKey);
    const client = new TestClient({
      SIGNING_KEYS: JSON.stringify([{ ...jwk, kid: 'k'.repeat(64), alg: 'RS256' }]),
      ACCESS_TOKEN_AUDIENCE: `https://api.test/${'a'.repeat(400)}`,
      SESSION_TTL_SECONDS: '34560000',
      SESSION_IDLE_TTL_SECONDS: '34560000',
    });
    const registered = await registerUser(client);
    expectWithinLimits(registered);
    expect(registered.json.refreshExpiresIn).toBe(ageSecondsMax);
    const me = await client.get('/api/auth/me', { bearer: registered.json.accessToken });
    expect(me.status).toBe(200);
    // A large RSA key takes seconds to find on a busy machine.
  }, 30_000);

  test('end with the tokens inside: 900 seconds, and what the session has left (CKE-02)', async () => {
    const client = new TestClient({ SESSION_TTL_SECONDS: '5000' });
    const registered = await registerUser(client);
    const ages = registered.setCookies.map((cookie) => Number(/Max-Age=(\d+)/.exec(cookie)?.[1]));
    expect(ages).toEqual([900, 5000, 34_560_000]);
    expect(registered.json).toMatchObject({ expiresIn: 900, refreshExpiresIn: 5000 });
  });
});

describe('what users write', () => {
  const client = new TestClient({ LEGACY_REFRESH_COOKIE: legacyCookie });
  const hostile = [
    '; Domain=evil.example',
    'x; Max-Age=99999999',
    '"; HttpOnly=',
    ', __Host-nexora_access=x',
    '%0d%0aSet-Cookie: x=y',
  ];

  test('never gets into a cookie (CKE-06)', async () => {
    const { userId } = await signIn(client);
    for (const text of hostile) {
      const headers = { 'User-Agent': text, 'Accept-Language': text, 'CF-Connecting-IP': text };
      const body = registration(freshEmail(), { name: `A ${text}` });
      const registered = await client.post('/api/auth/register', body, { headers });
      expect(registered.status, text).toBe(201);
      const legacyToken = `${crypto.randomUUID()} ${text.replaceAll(';', ',')}`;
      await insertLegacySession(userId, legacyToken);
      const upgraded = await refreshByCookie(client, encodeURIComponent(legacyToken), legacyCookie);
      expect(upgraded.status, text).toBe(200);
      expect(upgraded.setCookies.at(-1)).toBe(`${legacyCookie}=; Path=/; Secure; HttpOnly; Max-Age=0`);
      for (const cookie of [...registered.setCookies, ...upgraded.setCookies.slice(0, 2)])
        expect(cookie, text).toMatch(cookieFormat);
    }
  });

  test('with a line break is refused as a name (CKE-06)', async () => {
    const answer = await client.post(
      '/api/auth/register',
      registration(freshEmail(), { name: 'a\r\nSet-Cookie: x=y' }),
    );
    expect(answer).toMatchObject({ status: 400, setCookies: [], json: { code: 'validation_failed' } });
  });
});

describe('a 401', () => {
  test('never clears a cookie, since it may come late and wipe the next session', async () => {
    const client = new TestClient();
    const { cookieToken, accessToken } = await signIn(client);
    await client.post('/api/auth/logout', undefined, { bearer: accessToken });
    const cookies = { [accessCookie]: accessToken, [refreshCookie]: cookieToken };
    const answers = [
      await refreshByCookie(client, cookieToken),
      await refreshByCookie(client, 'nxr_garbage'),
      await refreshByBody(client, 'unknown'),
      await client.post('/api/auth/refresh'),
      await client.get('/api/auth/me', { cookies }),
      await client.call('PATCH', '/api/auth/me', { cookies, body: { name: 'New' } }),
      await client.post('/api/auth/login', { email: freshEmail(), password }, { cookies }),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 401, setCookies: [] });
  });
});

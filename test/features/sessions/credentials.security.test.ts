import { beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { casesFor } from '../../contract/route-choice.ts';
import { type Answer, type CallOptions, cookieHeader, TestClient } from '../../support/client.ts';
import { baseUrl } from '../../support/test-env.ts';
import { accessCookie, refreshCookie, type SignedIn, signIn } from './session-fixtures.ts';

const client = new TestClient();
/** Every route that wants an access token, later ones too. */
const routes = createApp()
  .serves.filter(({ guard }) => guard === 'session')
  .map(({ method, path }) => `${method} ${path}`);

const unusableHeaders: readonly [string, string][] = [
  ['Bearer', 'Bearer'],
  ['Bearer with a blank', 'Bearer '],
  ['Bearer %', 'Bearer %'],
  ['two segments', 'Bearer a.b'],
  ['five segments', 'Bearer a.b.c.d.e'],
  ['empty segments', 'Bearer ..'],
  ['64 KiB', `Bearer ${'x'.repeat(65_536)}`],
  ['64 KiB of segments', `Bearer ${'a.'.repeat(32_768)}`],
  ['text that is not base64url', 'Bearer é.é.é'],
  ['a comma', 'Bearer a.b.c, Bearer a.b.c'],
  ['quotes', 'Bearer "a.b.c"'],
  ['an empty header', ''],
];

const unusableCookies: readonly [string, string][] = [
  ['no name', '=;;%00'],
  ['no value', accessCookie],
  ['an empty value', `${accessCookie}=`],
  ['a percent sign', `${accessCookie}=%`],
  ['three segments', `${accessCookie}=a.b.c`],
  ['quotes', `${accessCookie}="a.b.c"`],
  ['empty pairs', `;=;${accessCookie}==; ;`],
  ['64 KiB', `${accessCookie}=${'x'.repeat(65_536)}`],
];

const parameters = ['access_token', 'accessToken', 'token', 'jwt'].map((name): [string] => [name]);

const schemes = ['Basic', 'Token', 'JWT', 'DPoP', 'Digest', 'BearerX', 'Bear er', ''].map(
  (scheme): [string] => [scheme],
);

let me: SignedIn;
let cookies: Readonly<Record<string, string>>;

beforeAll(async () => {
  me = await signIn(client);
  cookies = { [accessCookie]: me.accessToken };
});

/** Checks that a request was refused before the database, and told what would be taken. */
function expectRefused(answer: Answer, context: string): void {
  expect(answer, context).toMatchObject({ status: 401, roundTrips: 0, setCookies: [] });
  expect(answer.json.code, context).toBe('unauthenticated');
  expect(answer.headers.get('WWW-Authenticate'), context).toBe('Bearer');
}

describe.each(routes)('%s', (key) => {
  const [method = '', pattern = ''] = key.split(' ');
  // The credential is judged before path and body.
  const path = pattern.replaceAll(/:\w+/g, crypto.randomUUID());
  const call = (options: CallOptions) => client.call(method, path, options);
  const headers = casesFor(key, unusableHeaders, ['Bearer', 'two segments', '64 KiB']);

  test('without a credential, or with one that is none, is 401 with WWW-Authenticate, never 500 (SES-14)', async () => {
    expectRefused(await call({}), 'none');
    for (const [name, Authorization] of headers)
      expectRefused(await call({ headers: { Authorization } }), name);
    for (const [name, Cookie] of casesFor(key, unusableCookies, ['a percent sign', '64 KiB']))
      expectRefused(await call({ headers: { Cookie, Origin: baseUrl } }), name);
  });

  test('takes no token from the query or the body (SES-13)', async () => {
    for (const [name] of casesFor(key, parameters, ['access_token'])) {
      expectRefused(await client.call(method, `${path}?${name}=${me.accessToken}`), name);
      if (method !== 'GET') expectRefused(await call({ body: { [name]: me.accessToken } }), name);
    }
  });

  test('takes no good token under another scheme, nor the cookie beside it (SES-13)', async () => {
    for (const [scheme] of casesFor(key, schemes, ['Basic', ''])) {
      const authorization = { Authorization: `${scheme} ${me.accessToken}`.trim() };
      expectRefused(await call({ headers: authorization }), scheme);
      expectRefused(await call({ headers: authorization, cookies }), scheme);
    }
  });

  test('never falls back to a good cookie from a bad bearer (SES-12)', async () => {
    for (const [name, Authorization] of headers)
      expectRefused(await call({ headers: { Authorization }, cookies }), name);
    const foreign = { Authorization: 'Bearer garbage', Origin: 'https://evil.example' };
    expect((await call({ headers: foreign, cookies })).status).toBe(401);
  });

  test('takes two Authorization headers for none (SES-14)', async () => {
    const request = new Request(`${baseUrl}${path}`, { method });
    for (const _ of [1, 2]) request.headers.append('Authorization', `Bearer ${me.accessToken}`);
    expectRefused(await client.send(request), 'two');
  });

  test('does not take a refresh token for an access token (RFR-08)', async () => {
    for (const token of [me.bodyToken, me.cookieToken]) {
      expectRefused(await call({ bearer: token }), 'bearer');
      expectRefused(await call({ cookies: { [accessCookie]: token, [refreshCookie]: token } }), 'cookies');
    }
  });
});

describe('a request with several credentials', () => {
  test('is the bearer’s: the cookie of another user does not count (SES-12)', async () => {
    const [ofCookie, ofBearer] = [await signIn(client), await signIn(client)];
    const credentials = {
      bearer: ofBearer.accessToken,
      cookies: { [accessCookie]: ofCookie.accessToken, [refreshCookie]: ofCookie.cookieToken },
    };
    const me = await client.get('/api/auth/me', credentials);
    expect(me.json).toMatchObject({ user: { id: ofBearer.userId }, session: { id: ofBearer.sessionId } });
    const updated = await client.call('PATCH', '/api/auth/me', { ...credentials, body: { name: 'Bearer' } });
    expect(updated.json.user).toMatchObject({ id: ofBearer.userId, name: 'Bearer' });
    const other = await client.get('/api/auth/me', { bearer: ofCookie.accessToken });
    expect(other.json.user.name).toBe('Test User');
  });

  test('with a bearer needs no origin, whatever cookies come along (SES-12, CSR-05)', async () => {
    const { accessToken, cookieToken } = await signIn(client);
    const headers = {
      Authorization: `bearer ${accessToken}`,
      Cookie: cookieHeader({ [refreshCookie]: cookieToken }),
    };
    const answer = await client.call('PATCH', '/api/auth/me', { headers, body: { name: 'New' } });
    expect(answer.status).toBe(200);
  });
});

describe('cookies that look like ours', () => {
  const bare = accessCookie.replace('__Host-', '');

  // test/http/cookies.test.ts tries more of them.
  test.each([bare, `__Secure-${bare}`, accessCookie.toLowerCase(), `x${accessCookie}`])(
    '"%s" alone opens nothing (CKE-05)',
    async (name) => {
      const headers = { Cookie: `${name}=${me.accessToken}` };
      expect(await client.get('/api/auth/me', { headers })).toMatchObject({ status: 401, roundTrips: 0 });
    },
  );

  test('do not shadow the real one, before it or after it (CKE-05)', async () => {
    const [mine, planted] = [await signIn(client), await signIn(client)];
    const real = `${accessCookie}=${mine.accessToken}`;
    const fake = `${bare}=${planted.accessToken}; __Secure-${bare}=${planted.accessToken}`;
    for (const Cookie of [`${fake}; ${real}`, `${real}; ${fake}`, `garbage; ;=; ${real};`]) {
      const { json } = await client.get('/api/auth/me', { headers: { Cookie } });
      expect(json.user.id).toBe(mine.userId);
    }
  });

  test('of the name twice the first counts, for both cookies (CKE-05)', async () => {
    const [first, second] = [await signIn(client), await signIn(client)];
    const access = `${accessCookie}=${first.accessToken}; ${accessCookie}=${second.accessToken}`;
    const me = await client.get('/api/auth/me', { headers: { Cookie: access } });
    expect(me.json.user.id).toBe(first.userId);
    const broken = `${accessCookie}=garbage; ${accessCookie}=${second.accessToken}`;
    expect((await client.get('/api/auth/me', { headers: { Cookie: broken } })).status).toBe(401);

    const Cookie = `${refreshCookie}=${first.cookieToken}; ${refreshCookie}=${second.cookieToken}`;
    const refreshed = await client.post('/api/auth/refresh', undefined, {
      headers: { Cookie, Origin: baseUrl },
    });
    const after = await client.get('/api/auth/me', { bearer: refreshed.json.accessToken });
    expect(after.json.user.id).toBe(first.userId);
  });

  test('as refresh cookies refresh and end nothing (CKE-05)', async () => {
    const { accessToken, cookieToken } = await signIn(client);
    const cookies = { nexora_refresh: cookieToken, '__Secure-nexora_refresh': cookieToken };
    expect((await client.post('/api/auth/refresh', undefined, { cookies })).roundTrips).toBe(0);
    expect((await client.post('/api/auth/logout', undefined, { cookies })).roundTrips).toBe(0);
    expect((await client.get('/api/auth/me', { bearer: accessToken })).status).toBe(200);
  });
});

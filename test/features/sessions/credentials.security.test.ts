import { describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { cookieHeader, TestClient } from '../../support/client.ts';
import { baseUrl } from '../../support/test-env.ts';
import { accessCookie, refreshCookie, signIn } from './session-fixtures.ts';

const client = new TestClient();
/** Every route that wants an access token, later ones too; the credential is judged before path and body. */
const routes = createApp()
  .serves.filter(({ guard }) => guard === 'session')
  .map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+/g, crypto.randomUUID()) }));

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

describe.each(routes)('$method $path', ({ method, path }) => {
  test('without a credential is 401 with WWW-Authenticate, before the database (SES-14)', async () => {
    const answer = await client.call(method, path);
    expect(answer).toMatchObject({ status: 401, roundTrips: 0, setCookies: [] });
    expect(answer.json.code).toBe('unauthenticated');
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
  });

  test.each(unusableHeaders)(
    'with an Authorization header of %s is 401, never 500 (SES-14)',
    async (_name, value) => {
      const answer = await client.call(method, path, { headers: { Authorization: value } });
      expect(answer).toMatchObject({ status: 401, roundTrips: 0, json: { code: 'unauthenticated' } });
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    },
  );

  test.each([
    ['no name', '=;;%00'],
    ['no value', accessCookie],
    ['an empty value', `${accessCookie}=`],
    ['a percent sign', `${accessCookie}=%`],
    ['three segments', `${accessCookie}=a.b.c`],
    ['quotes', `${accessCookie}="a.b.c"`],
    ['empty pairs', `;=;${accessCookie}==; ;`],
    ['64 KiB', `${accessCookie}=${'x'.repeat(65_536)}`],
  ])('with a cookie of %s is 401, never 500, and clears none (SES-14)', async (_name, Cookie) => {
    const answer = await client.call(method, path, { headers: { Cookie, Origin: baseUrl } });
    expect(answer).toMatchObject({ status: 401, roundTrips: 0, setCookies: [] });
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
  });

  test('takes no token from the query or the body (SES-13)', async () => {
    const { accessToken } = await signIn(client);
    for (const name of ['access_token', 'accessToken', 'token', 'jwt']) {
      const byQuery = await client.call(method, `${path}?${name}=${accessToken}`);
      expect(byQuery, name).toMatchObject({ status: 401, roundTrips: 0 });
      if (method === 'GET') continue;
      const byBody = await client.call(method, path, { body: { [name]: accessToken } });
      expect(byBody, name).toMatchObject({ status: 401, roundTrips: 0 });
    }
  });

  test.each(['Basic', 'Token', 'JWT', 'DPoP', 'Digest', 'BearerX', 'Bear er', ''])(
    'takes no good token under the scheme "%s", nor the cookie beside it (SES-13)',
    async (scheme) => {
      const { accessToken } = await signIn(client);
      const headers = { Authorization: `${scheme} ${accessToken}`.trim() };
      const alone = await client.call(method, path, { headers });
      const withCookie = await client.call(method, path, {
        headers,
        cookies: { [accessCookie]: accessToken },
      });
      for (const answer of [alone, withCookie]) expect(answer).toMatchObject({ status: 401, roundTrips: 0 });
    },
  );

  test('never falls back to a good cookie from a bad bearer (SES-12)', async () => {
    const { accessToken } = await signIn(client);
    const cookies = { [accessCookie]: accessToken };
    for (const [, Authorization] of unusableHeaders) {
      const answer = await client.call(method, path, { headers: { Authorization }, cookies });
      expect(answer).toMatchObject({ status: 401, roundTrips: 0, json: { code: 'unauthenticated' } });
    }
    const foreign = { Authorization: 'Bearer garbage', Origin: 'https://evil.example' };
    expect((await client.call(method, path, { headers: foreign, cookies })).status).toBe(401);
  });

  test('takes two Authorization headers for none (SES-14)', async () => {
    const { accessToken } = await signIn(client);
    const request = new Request(`${baseUrl}${path}`, { method });
    request.headers.append('Authorization', `Bearer ${accessToken}`);
    request.headers.append('Authorization', `Bearer ${accessToken}`);
    expect(await client.send(request)).toMatchObject({ status: 401, roundTrips: 0 });
  });

  test('does not take a refresh token for an access token (RFR-08)', async () => {
    const { bodyToken, cookieToken } = await signIn(client);
    for (const token of [bodyToken, cookieToken]) {
      expect(await client.call(method, path, { bearer: token })).toMatchObject({
        status: 401,
        roundTrips: 0,
      });
      const cookies = { [accessCookie]: token, [refreshCookie]: token };
      expect(await client.call(method, path, { cookies })).toMatchObject({ status: 401, roundTrips: 0 });
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

  test.each([
    bare,
    `__Secure-${bare}`,
    accessCookie.toLowerCase(),
    accessCookie.toUpperCase(),
    `x${accessCookie}`,
    `${accessCookie}x`,
    `\u00a0${accessCookie}`,
    encodeURIComponent(accessCookie).replace('_', '%5F'),
  ])('"%s" alone opens nothing (CKE-05)', async (name) => {
    const { accessToken } = await signIn(client);
    const headers = { Cookie: `${name}=${accessToken}` };
    expect(await client.get('/api/auth/me', { headers })).toMatchObject({ status: 401, roundTrips: 0 });
  });

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

import { describe, expect, test } from 'vitest';
import { registerUser } from '../../support/accounts.ts';
import { authCookies, cookieHeader, TestClient } from '../../support/client.ts';

const client = new TestClient();

describe('PATCH /api/auth/me from a page', () => {
  test.each([
    ['a foreign origin', { Origin: 'https://evil.example' }],
    [
      'a foreign origin that the browser calls same-origin',
      { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' },
    ],
    ['our name over http', { Origin: 'http://auth.test' }],
    ['our name with a port', { Origin: 'https://auth.test:8443' }],
    ['a longer name', { Origin: 'https://auth.test.evil.example' }],
    ['a sub-domain', { Origin: 'https://x.auth.test' }],
    ['a hidden origin', { Origin: 'null' }],
    ['another host of our site', { 'Sec-Fetch-Site': 'same-site' }],
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a typed address', { 'Sec-Fetch-Site': 'none' }],
    ['nobody who says where it comes from', {}],
  ])(
    'of %s is 403 with the cookie, before its body is read, and changes nothing (CSR-01)',
    async (_name, headers) => {
      const registered = await registerUser(client);
      const Cookie = cookieHeader(authCookies(registered));
      for (const body of [{ name: 'Changed' }, { garbage: true }]) {
        const answer = await client.call('PATCH', '/api/auth/me', { body, headers: { Cookie, ...headers } });
        expect(answer).toMatchObject({ status: 403, roundTrips: 0, setCookies: [] });
        expect(answer.json.code).toBe('csrf_rejected');
      }
      const me = await client.get('/api/auth/me', { bearer: registered.json.accessToken });
      expect(me.json.user.name).toBe('Test User');
    },
  );

  test.each([
    ['our own', { Origin: 'https://auth.test' }],
    ['a listed one', { Origin: 'https://app.test', 'Sec-Fetch-Site': 'cross-site' }],
    ['our own, by fetch metadata alone', { 'Sec-Fetch-Site': 'same-origin' }],
    ['our own, hidden', { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }],
  ])('of an origin that is %s goes on (CSR-01)', async (_name, headers) => {
    const Cookie = cookieHeader(authCookies(await registerUser(client)));
    const options = { body: { name: 'Changed' }, headers: { Cookie, ...headers } };
    expect((await client.call('PATCH', '/api/auth/me', options)).status).toBe(200);
  });

  test('a refresh cookie alone is no credential, and a foreign page is told nothing else (CSR-01)', async () => {
    const cookies = authCookies(await registerUser(client));
    const Cookie = cookieHeader({ '__Host-nexora_refresh': cookies['__Host-nexora_refresh']! });
    const body = { name: 'Changed' };
    const own = { headers: { Cookie, Origin: 'https://auth.test' }, body };
    expect(await client.call('PATCH', '/api/auth/me', own)).toMatchObject({ status: 401, roundTrips: 0 });
    const foreign = { headers: { Cookie, Origin: 'https://evil.example' }, body };
    expect(await client.call('PATCH', '/api/auth/me', foreign)).toMatchObject({ status: 403, roundTrips: 0 });
  });
});

describe('/api/auth/me', () => {
  test('is each caller’s own: nothing in the request names another user', async () => {
    const [mine, other] = [await registerUser(client), await registerUser(client)];
    const bearer = mine.json.accessToken;
    const id = other.json.user.id;
    for (const query of [`?id=${id}`, `?userId=${id}`, `?user=${other.email}`]) {
      const read = await client.get(`/api/auth/me${query}`, { bearer, headers: { 'X-User-Id': id } });
      expect(read.json.user.id).toBe(mine.json.user.id);
      const options = { bearer, body: { name: 'Mine' }, headers: { 'X-User-Id': id } };
      const written = await client.call('PATCH', `/api/auth/me${query}`, options);
      expect(written.json.user.id).toBe(mine.json.user.id);
    }
    const theirs = await client.get('/api/auth/me', { bearer: other.json.accessToken });
    expect(theirs.json.user).toEqual(other.json.user);
  });

  test('never shows a hash, a token, a counter or an internal mark (PRV-07)', async () => {
    const { json } = await registerUser(client);
    const me = await client.get('/api/auth/me', { bearer: json.accessToken });
    const changed = await client.call('PATCH', '/api/auth/me', {
      bearer: json.accessToken,
      body: { locale: 'en' },
    });
    for (const { text } of [me, changed]) {
      expect(text).not.toMatch(/argon2|hash|nxr_|counter|banned|exempt|legacy|amr|user_agent/i);
      expect(text).not.toContain(json.accessToken);
    }
  });

  test('takes no other method: 405 says which (CSR-07)', async () => {
    const { json } = await registerUser(client);
    for (const method of ['PUT', 'POST']) {
      const answer = await client.call(method, '/api/auth/me', {
        bearer: json.accessToken,
        body: { name: 'x' },
      });
      expect(answer).toMatchObject({ status: 405, roundTrips: 0, json: { code: 'method_not_allowed' } });
      const allowed = answer.headers.get('Allow')?.split(', ');
      expect(allowed).toEqual(expect.arrayContaining(['GET', 'HEAD', 'PATCH']));
      expect(allowed).not.toContain(method);
    }
  });
});

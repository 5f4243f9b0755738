import { describe, expect, test } from 'vitest';
import { registerUser } from '../../support/accounts.ts';
import { authCookies, cookieHeader, TestClient } from '../../support/client.ts';

const client = new TestClient();

describe('PATCH /api/auth/me from a page', () => {
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
});

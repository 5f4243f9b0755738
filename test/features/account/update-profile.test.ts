import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { registerUser } from '../../support/accounts.ts';
import { authCookies, cookieHeader, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';

const client = new TestClient();

async function storedUser(userId: string): Promise<{ name: string; locale: string | null }> {
  const [row] = await query<{ name: string; locale: string | null }>(
    sql`SELECT name, locale FROM users WHERE id = ${userId}::uuid`,
  );
  return row!;
}

async function registered() {
  const { json } = await registerUser(client);
  const patch = (body: unknown) => client.call('PATCH', '/api/auth/me', { bearer: json.accessToken, body });
  return { user: json.user, bearer: json.accessToken as string, patch };
}

describe('PATCH /api/auth/me', () => {
  test('changes the name and answers the user, in one round trip', async () => {
    const { user, bearer, patch } = await registered();
    const answer = await patch({ name: 'Ada Lovelace' });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    expect(answer.json).toEqual({
      success: true,
      user: { ...user, name: 'Ada Lovelace', updatedAt: expect.any(String) },
    });
    const me = await client.get('/api/auth/me', { bearer });
    expect(me.json.user).toEqual(answer.json.user);
  });

  test('changes the locale to its canonical form and leaves the name alone', async () => {
    const { user, patch } = await registered();
    expect((await patch({ locale: 'DE-ch' })).status).toBe(200);
    expect(await storedUser(user.id)).toEqual({ name: 'Test User', locale: 'de-CH' });
  });

  test('changes both at once, and each stays when the other is changed', async () => {
    const { user, patch } = await registered();
    await patch({ name: 'One', locale: 'fr' });
    await patch({ name: 'Two' });
    expect(await storedUser(user.id)).toEqual({ name: 'Two', locale: 'fr' });
    await patch({ locale: 'pt-BR' });
    expect(await storedUser(user.id)).toEqual({ name: 'Two', locale: 'pt-BR' });
  });

  test('of two at once neither undoes the other', async () => {
    const { user, patch } = await registered();
    const answers = await Promise.all([patch({ name: 'Both' }), patch({ locale: 'it' })]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await storedUser(user.id)).toEqual({ name: 'Both', locale: 'it' });
  });

  test('moves updatedAt and not createdAt', async () => {
    const { user, patch } = await registered();
    await query(sql`
      UPDATE users SET created_at = now() - interval '1 day', updated_at = now() - interval '1 day'
      WHERE id = ${user.id}::uuid`);
    const { json } = await patch({ name: 'Later' });
    const sinceMs = Date.parse(json.user.updatedAt) - Date.parse(json.user.createdAt);
    expect(sinceMs).toBeGreaterThanOrEqual(86_400_000);
  });

  test('records no event', async () => {
    const { user, patch } = await registered();
    expect((await patch({ name: 'Quiet', locale: 'en' })).status).toBe(200);
    const events = await query(sql`SELECT type FROM security_events WHERE user_id = ${user.id}::uuid`);
    expect(events).toEqual([{ type: 'user_created' }]);
  });

  test('stores a name as it is meant: trimmed, NFC, and never read as SQL or markup', async () => {
    const { user, patch } = await registered();
    expect((await patch({ name: '  Zoe\u0308  ' })).json.user.name).toBe('Zo\u00eb');
    const name = `Robert'); DROP TABLE users;-- $1 \\ "`;
    expect((await patch({ name })).json.user.name).toBe(name);
    expect((await storedUser(user.id)).name).toBe(name);
  });

  let unchanged: Awaited<ReturnType<typeof registered>>;
  beforeAll(async () => {
    unchanged = await registered();
  });
  // Unknown members, and what is no text, test/contract/bodies.test.ts tries on every route.
  test.each<[string, unknown, string, string]>([
    ['without any member', {}, '', 'invalid'],
    ['with an unknown member', { name: 'x', nickname: 'y' }, '/nickname', 'unknown_member'],
    ['with an e-mail, which has its own flow', { email: 'x@example.com' }, '/email', 'unknown_member'],
    ['with a name that is empty', { name: '   ' }, '/name', 'too_short'],
    ['with a name of 101 characters', { name: 'x'.repeat(101) }, '/name', 'too_long'],
    ['with a name that holds markup', { name: '<b>x' }, '/name', 'invalid'],
    ['with a name that holds a line break', { name: 'x\ny' }, '/name', 'invalid'],
    ['with a locale that is none', { locale: 'english please' }, '/locale', 'invalid'],
  ])('%s is 400 validation_failed and changes nothing', async (_name, body, pointer, code) => {
    const { user, bearer, patch } = unchanged;
    const answer = await patch(body);
    expect(answer).toMatchObject({ status: 400, roundTrips: 0, json: { code: 'validation_failed' } });
    expect(answer.json.errors).toContainEqual({ pointer, code, message: expect.any(String) });
    expect((await client.get('/api/auth/me', { bearer })).json.user).toEqual(user);
  });
});

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
    for (const search of [`?id=${id}`, `?userId=${id}`, `?user=${other.email}`]) {
      const read = await client.get(`/api/auth/me${search}`, { bearer, headers: { 'X-User-Id': id } });
      expect(read.json.user.id).toBe(mine.json.user.id);
      const options = { bearer, body: { name: 'Mine' }, headers: { 'X-User-Id': id } };
      const written = await client.call('PATCH', `/api/auth/me${search}`, options);
      expect(written.json.user.id).toBe(mine.json.user.id);
    }
    const theirs = await client.get('/api/auth/me', { bearer: other.json.accessToken });
    expect(theirs.json.user).toEqual(other.json.user);
  });
});

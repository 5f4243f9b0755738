import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';

const client = new TestClient();

async function storedUser(userId: string): Promise<{ name: string; locale: string | null }> {
  const [row] = await openDatabase().query<{ name: string; locale: string | null }>(
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
    await openDatabase().query(sql`
      UPDATE users SET created_at = now() - interval '1 day', updated_at = now() - interval '1 day'
      WHERE id = ${user.id}::uuid`);
    const { json } = await patch({ name: 'Later' });
    const sinceMs = Date.parse(json.user.updatedAt) - Date.parse(json.user.createdAt);
    expect(sinceMs).toBeGreaterThanOrEqual(86_400_000);
  });

  test('records no event', async () => {
    const { user, patch } = await registered();
    expect((await patch({ name: 'Quiet', locale: 'en' })).status).toBe(200);
    const events = await openDatabase().query(
      sql`SELECT type FROM security_events WHERE user_id = ${user.id}::uuid`,
    );
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
  test.each<[string, unknown, string, string]>([
    ['without any member', {}, '', 'invalid'],
    ['with an unknown member', { name: 'x', nickname: 'y' }, '/nickname', 'unknown_member'],
    ['with an e-mail, which has its own flow', { email: 'x@example.com' }, '/email', 'unknown_member'],
    ['with an id', { id: crypto.randomUUID(), name: 'x' }, '/id', 'unknown_member'],
    ['with emailVerified', { emailVerified: true, name: 'x' }, '/emailVerified', 'unknown_member'],
    ['with a name that is empty', { name: '   ' }, '/name', 'too_short'],
    ['with a name of 101 characters', { name: 'x'.repeat(101) }, '/name', 'too_long'],
    ['with a name that holds markup', { name: '<b>x' }, '/name', 'invalid'],
    ['with a name that holds a line break', { name: 'x\ny' }, '/name', 'invalid'],
    ['with a name that is null', { name: null }, '/name', 'wrong_type'],
    ['with a locale that is none', { locale: 'english please' }, '/locale', 'invalid'],
    ['with a locale that is null', { locale: null }, '/locale', 'wrong_type'],
    ['with a list', [], '', 'wrong_type'],
  ])('%s is 400 validation_failed and changes nothing', async (_name, body, pointer, code) => {
    const { user, bearer, patch } = unchanged;
    const answer = await patch(body);
    expect(answer).toMatchObject({ status: 400, roundTrips: 0, json: { code: 'validation_failed' } });
    expect(answer.json.errors).toContainEqual({ pointer, code, message: expect.any(String) });
    expect((await client.get('/api/auth/me', { bearer })).json.user).toEqual(user);
  });
});

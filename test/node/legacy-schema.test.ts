import { beforeEach, describe, expect, inject, test } from 'vitest';
import { type Migration, migrate, type StatementRunner } from '../../src/db/migrations.ts';
import { sql } from '../../src/db/sql.ts';
import { openDatabase, readMigrations } from '../../tools/node-database.ts';
import { freshDatabase } from '../support/node/fresh-database.ts';

const migrations = (await readMigrations('migrations')).toSorted((a, b) => (a.name < b.name ? -1 : 1));
const legacy = migrations.slice(0, 1);
const url = await freshDatabase();

let database: StatementRunner;

/** A database of the legacy system: its schema, and nothing that came after it. */
beforeEach(async () => {
  database = openDatabase(url, inject('databaseEndpoint'));
  await database.query(sql`DROP SCHEMA public CASCADE`);
  await database.query(sql`CREATE SCHEMA public`);
  await migrate(database, legacy);
});

async function addUser(
  email: string,
  name = 'Name',
  provider: string | null = null,
  id: string | null = null,
) {
  const [row] = await database.query<{ id: string }>(sql`
    INSERT INTO users (email, name, oauth_provider, oauth_id) VALUES (${email}, ${name}, ${provider}, ${id})
    RETURNING id`);
  return row?.id ?? '';
}

function upgrade(files: readonly Migration[] = migrations): Promise<string[]> {
  return migrate(database, files);
}

describe('the upgrade of a live database of the legacy system', () => {
  test('takes users as they are: without a name, with empty identities, in mixed case, with outer spaces', async () => {
    await addUser('nameless@example.com', '');
    await addUser('one@example.com', 'One', '', '');
    await addUser('two@example.com', 'Two', 'credentials', '');
    await addUser('three@example.com', 'Three', 'credentials', '');
    await addUser(' Mixed@Example.com ');
    await upgrade();
    const users = await database.query(sql`SELECT email, is_verification_exempt FROM users ORDER BY email`);
    expect(users).toEqual(
      ['mixed', 'nameless', 'one', 'three', 'two'].map((name) => ({
        email: `${name}@example.com`,
        is_verification_exempt: true,
      })),
    );
    await database.query(sql`UPDATE users SET locale = 'de' WHERE name = ''`);
  });

  test('reads its times as UTC, whatever the time zone of the database', async () => {
    await addUser('time@example.com');
    await database.query(sql`UPDATE users SET created_at = '2026-02-14 12:00:00', updated_at = NULL`);
    await upgrade();
    const [user] = await database.query<Record<string, Date>>(sql`SELECT created_at, updated_at FROM users`);
    expect(user?.created_at).toEqual(new Date('2026-02-14T12:00:00Z'));
    expect(user?.updated_at).toEqual(user?.created_at);
  });

  test('leaves an equal token to the session that lives longest, and no plain token anywhere (T38)', async () => {
    const user = await addUser('tokens@example.com');
    await database.query(sql`
      INSERT INTO sessions (user_id, refresh_token, expires_at, created_at) VALUES
        (${user}::uuid, 'back\\slash', now() - interval '1 day', now()),
        (${user}::uuid, 'back\\slash', now() - interval '1 day', NULL),
        (${user}::uuid, 'back\\slash', now() + interval '1 day', now() - interval '29 days'),
        (${user}::uuid, NULL, now() + interval '1 day', now())`);
    await upgrade();
    const sessions = await database.query(sql`
      SELECT expires_at > now() AS is_live, refresh_token,
        legacy_token_hash = sha256(convert_to('back\\slash', 'UTF8')) AS has_token
      FROM sessions WHERE legacy_token_hash IS NOT NULL OR refresh_token IS NOT NULL`);
    expect(sessions).toEqual([{ is_live: true, refresh_token: null, has_token: true }]);
  });

  test.each([
    ['addresses', () => Promise.all([addUser('Same@example.com'), addUser('same@Example.com')])],
    [
      'identities',
      () =>
        Promise.all([
          addUser('a@example.com', 'A', 'google', '1'),
          addUser('b@example.com', 'B', 'google', '1'),
        ]),
    ],
  ])('stops at colliding %s with a report of both users, and changes nothing', async (_what, collide) => {
    const ids = await collide();
    const before = await database.query(sql`SELECT * FROM users ORDER BY id`);
    const failure = await upgrade().catch((error: unknown) => String(error));
    for (const id of ids) expect(failure).toContain(id);
    expect(failure).toMatch(/Nothing was changed.*then migrate again/s);
    expect(await database.query(sql`SELECT * FROM users ORDER BY id`)).toEqual(before);
  });

  test('is done once: a second run applies nothing', async () => {
    await addUser('again@example.com');
    expect(await upgrade()).toEqual(migrations.slice(1).map(({ name }) => name));
    expect(await upgrade()).toEqual([]);
  });

  test('leaves the statements of the legacy system running, and stores no token that they write', async () => {
    const user = await addUser('guide@example.com');
    await upgrade();
    await database.query(sql`
      INSERT INTO sessions (user_id, refresh_token, expires_at) VALUES (${user}, ${'old-token'}, NOW() - INTERVAL '1 day')`);
    await database.query(sql`SELECT COUNT(*) FROM sessions WHERE expires_at > NOW()`);
    await database.query(
      sql`SELECT id, user_id, expires_at, created_at FROM sessions ORDER BY created_at DESC LIMIT 5`,
    );
    await database.query(sql`SELECT * FROM users WHERE email = ${'guide@example.com'}`);
    expect(await database.query(sql`SELECT refresh_token, method FROM sessions`)).toEqual([
      { refresh_token: null, method: 'legacy' },
    ]);
  });
});

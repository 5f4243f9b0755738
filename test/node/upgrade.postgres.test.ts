import { beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { compile, Fragment, sql } from '../../src/db/sql.ts';
import { openDatabase, readMigrations } from '../../tools/node-database.ts';
import { projectFolder } from '../../tools/project.ts';
import * as guide from '../support/guide-sql.ts';
import {
  addLegacySession,
  addLegacyUser,
  type LegacyUser,
  legacyJwt,
  makeLegacy,
} from '../support/legacy-database.ts';
import { dumpDatabase, rowsOf } from '../support/node/dump-database.ts';
import { freshServerDatabase } from '../support/node/fresh-database.ts';
import { runTool } from '../support/node/run-tool.ts';
import { describe } from '../support/races.ts';

const url = await freshServerDatabase();
const endpoint = inject('databaseEndpoint');
const names = (await readMigrations('migrations')).map(({ name }) => name).toSorted();

const database = openDatabase(url, endpoint);

// A server far from UTC, whose clock the legacy system's times were never in.
beforeAll(async () => {
  await database.query(sql`
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''America/New_York''', current_database()); END $$`);
  // The next session has it; this one ends, and the answer is lost with it.
  await database.query(sql`SELECT pg_terminate_backend(pg_backend_pid())`).catch(() => undefined);
  expect(await database.query(sql`SHOW TimeZone`)).toEqual([{ TimeZone: 'America/New_York' }]);
});
beforeEach(() => makeLegacy(database));

/** `npm run migrate` as an operator starts it. */
async function migrate(...args: string[]): Promise<{ code: number | null; lines: string[] }> {
  const environment = { DATABASE_URL: url, DATABASE_HTTP_ENDPOINT: endpoint };
  const tool = runTool({
    folder: projectFolder,
    args: ['tools/migrate.ts', '--no-dev-vars', ...args],
    environment,
  });
  const code = await tool.ended;
  return { code, lines: tool.output().trimEnd().split('\n') };
}

/** People and sessions of every kind that the legacy system could hold; returns all plain tokens, the last of three sessions. */
async function addEverything(): Promise<{ tokens: string[]; newestOfEqual: string | undefined }> {
  const ids = [
    await addLegacyUser(database, { email: 'two-a@example.com', password: 'a password', version: '2a' }),
    await addLegacyUser(database, { email: 'Two-B@Example.com', password: 'a password', version: '2b' }),
    await addLegacyUser(database, { email: 'two-y@example.com', password: 'a password', version: '2y' }),
    await addLegacyUser(database, { email: 'social@example.com', provider: 'google', providerId: '1' }),
    await addLegacyUser(database, {
      email: 'J\u00dcRGEN@B\u00dcCHER.example',
      provider: '',
      providerId: '',
    }),
  ];
  const shared = legacyJwt();
  const tokens = [
    ...ids.map(legacyJwt),
    'x'.repeat(500),
    '\u{1f600}'.repeat(500),
    'back\\slash \'quote\' "double" %41 \t\u00e4',
  ];
  for (const [index, token] of tokens.entries()) {
    await addLegacySession(database, ids[index % ids.length]!, token, index);
  }
  const [, newestOfEqual] = [
    await addLegacySession(database, ids[0]!, shared, 3),
    await addLegacySession(database, ids[0]!, shared, 1),
    await addLegacySession(database, ids[0]!, shared, 40),
  ];
  for (const id of ids) await addLegacySession(database, id, null);
  return { tokens: [...tokens, shared], newestOfEqual };
}

/** Locks the users until so many sessions wait for this one or for each other; returns how many did in the end. */
async function holdUsersUntilWaiting(count: number): Promise<unknown> {
  const waiting = sql`
    SELECT count(DISTINCT l.pid)::int AS waiting FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.granted AND a.datname = current_database()`;
  const results = await database.batch([
    sql`LOCK TABLE users IN ACCESS EXCLUSIVE MODE`,
    new Fragment(
      [
        `DO $$ BEGIN
          FOR n IN 1..1000 LOOP
            PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
            EXIT WHEN (${compile(waiting).text}) >= ${count};
          END LOOP;
        END $$`,
      ],
      [],
    ),
    waiting,
  ]);
  return (results[2]?.[0] as { readonly waiting: unknown } | undefined)?.waiting;
}

function run(statement: Fragment): Promise<Record<string, unknown>[]> {
  return database.query(statement);
}

interface Refusal {
  readonly what: string;
  readonly users: readonly LegacyUser[];
  readonly report: (ids: readonly string[]) => string[];
  /** As the last line of the report says. */
  readonly resolve: (ids: readonly string[]) => Fragment[];
}

describe('npm run migrate on a live database of the legacy system', () => {
  test('run twice at once applies every file once', async () => {
    await addEverything();
    const held = holdUsersUntilWaiting(2);
    const runs = await Promise.all([migrate(), migrate()]);
    expect(await held).toBe(2);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    const applied = runs.flatMap(({ lines }) => lines).filter((line) => line.startsWith('applied'));
    expect(applied.toSorted()).toEqual(names.map((name) => `applied ${name}`));
    const [row] = await run(
      sql`SELECT count(*)::int AS count FROM sessions WHERE legacy_token_hash IS NOT NULL`,
    );
    expect(row).toEqual({ count: 9 });
  });

  test('reads its times as UTC, wherever the server is', async () => {
    // In New York the first does not exist and the second comes twice.
    for (const [index, createdAt] of ['2026-03-08 02:30:00', '2026-11-01 01:30:00.123456'].entries()) {
      const id = await addLegacyUser(database, { email: `${index}@example.com`, createdAt });
      await run(sql`INSERT INTO sessions (user_id, refresh_token, expires_at, created_at)
        VALUES (${id}::uuid, ${createdAt}, ${createdAt}::timestamp, ${createdAt}::timestamp)`);
    }
    await migrate();
    const columns = sql`u.created_at, s.created_at AS began_at, s.expires_at, s.absolute_expires_at, s.authenticated_at`;
    const rows = await run(
      sql`SELECT ${columns} FROM users u JOIN sessions s ON s.user_id = u.id ORDER BY u.email`,
    );
    const instants = rows.map((row) => [
      ...new Set(Object.values(row).map((at) => (at as Date).toISOString())),
    ]);
    expect(instants).toEqual([['2026-03-08T02:30:00.000Z'], ['2026-11-01T01:30:00.123Z']]);
  });

  // One run for all that it leaves, since each takes a second.
  test('applies every file and keeps what is there, and a second run changes nothing (SES-02)', async () => {
    const { tokens, newestOfEqual } = await addEverything();
    const [firstToken = ''] = tokens;
    const before = await run(sql`SELECT id, password_hash, oauth_provider, oauth_id FROM users ORDER BY id`);
    const first = await migrate();
    expect(first.code, first.lines.join('\n')).toBe(0);
    expect(first.lines.slice(1)).toEqual(names.map((name) => `applied ${name}`));
    const after = await dumpDatabase(database);
    expect(await migrate()).toMatchObject({ code: 0, lines: [expect.any(String), 'already up to date'] });
    expect(await dumpDatabase(database)).toEqual(after);

    // No plain token is left in any column of any table.
    const text = JSON.stringify(await rowsOf(database));
    const found = tokens.filter((token) => text.includes(JSON.stringify(token).slice(1, -1)));
    expect(found).toEqual([]);
    const [row] = await run(sql`SELECT count(refresh_token)::int AS count FROM sessions`);
    expect(row).toEqual({ count: 0 });

    // An equal token is left to its newest session.
    const equal = tokens.at(-1) ?? '';
    expect(
      await run(
        sql`SELECT id FROM sessions WHERE legacy_token_hash = sha256(convert_to(${equal}::text, 'UTF8'))`,
      ),
    ).toEqual([{ id: newestOfEqual }]);

    // Every account is unverified and exempt, with its hash and its provider, and its address in lower case.
    const kept = await run(sql`SELECT id, password_hash, oauth_provider, oauth_id FROM users ORDER BY id`);
    expect(kept).toEqual(before);
    const marks = await run(
      sql`SELECT DISTINCT email_verified_at, is_verification_exempt, email = lower(email) AS is_lower FROM users`,
    );
    expect(marks).toEqual([{ email_verified_at: null, is_verification_exempt: true, is_lower: true }]);
    await run(sql`INSERT INTO users (email, name) VALUES ('later@example.com', 'Later')`);
    const later = await run(sql`SELECT is_verification_exempt FROM users WHERE email = 'later@example.com'`);
    expect(later).toEqual([{ is_verification_exempt: false }]);

    // The guide's snippets run, and their plain token counts as one of the legacy system.
    const [user] = await run(guide.statementsOf(guide.userByEmail, ['two-a@example.com'])[0]!);
    expect(user).toMatchObject({
      email: 'two-a@example.com',
      password_hash: expect.stringContaining('$2a$'),
    });
    await run(guide.statementsOf(guide.expiredSession, [user!.id, 'old-token'])[0]!);
    const stored = await run(sql`
      SELECT refresh_token, method, absolute_expires_at = expires_at AS is_ended FROM sessions
      WHERE legacy_token_hash = sha256(convert_to('old-token', 'UTF8'))`);
    expect(stored).toEqual([{ refresh_token: null, method: 'legacy', is_ended: true }]);

    const [active, byUser, old] = await Promise.all(guide.statementsOf(guide.monitoring).map(run));
    expect(active).toEqual([{ count: '15' }]);
    expect(byUser?.map((row) => row.session_count)).toEqual(['5', '3', '3', '2', '2']);
    expect(old).toHaveLength(2);
    const [newest] = await Promise.all(guide.statementsOf(guide.verification).map(run));
    expect(newest?.map((row) => Object.keys(row).join())).toEqual(
      Array.from({ length: 5 }, () => 'id,user_id,expires_at,created_at'),
    );
    const [duplicates, alive] = await Promise.all(guide.statementsOf(guide.commonIssues).map(run));
    expect([duplicates, alive]).toEqual([[], [{ alive: 1 }]]);
    expect(JSON.stringify(await dumpDatabase(database))).not.toContain(firstToken);
  });
});

describe('npm run migrate refuses', () => {
  test.each<Refusal>([
    {
      what: 'users whose addresses differ in case and outer spaces alone',
      users: [
        { email: 'Same@example.com', createdAt: '2026-01-01' },
        { email: 'same@Example.com', createdAt: '2026-01-02' },
        { email: ' same@example.com', createdAt: '2026-01-03' },
      ],
      report: ([a, b, c]) => [
        'migration 0002_users: Some e-mail addresses belong to several users when case and outer spaces are ignored. Nothing was changed.',
        `  same@example.com: users ${a} (Same@example.com), ${b} (same@Example.com), ${c} ( same@example.com)`,
        'Decide which account keeps each address; give the others another address or delete them, then migrate again.',
      ],
      resolve: ([, b, c]) => [
        sql`UPDATE users SET email = 'other@example.com' WHERE id = ${b}::uuid`,
        sql`DELETE FROM users WHERE id = ${c}::uuid`,
      ],
    },
    {
      what: 'users who share an identity at a provider',
      users: [
        { email: 'a@example.com', provider: 'google', providerId: '2', createdAt: '2026-01-01' },
        { email: 'b@example.com', provider: 'google', providerId: '2', createdAt: '2026-01-02' },
        { email: 'c@example.com', provider: 'github', providerId: '2', createdAt: '2026-01-03' },
      ],
      report: ([a, b]) => [
        'migration 0002_users: Some provider identities belong to several users. Nothing was changed.',
        `  google / 2: users ${a} (a@example.com), ${b} (b@example.com)`,
        'Decide which account keeps each identity; set oauth_provider and oauth_id of the others to NULL, then migrate again.',
      ],
      resolve: ([, b]) => [
        sql`UPDATE users SET oauth_provider = NULL, oauth_id = NULL WHERE id = ${b}::uuid`,
      ],
    },
  ])('$what, says which and what to do, changes nothing, and runs once that is done', async (refusal) => {
    await addEverything();
    const ids: string[] = [];
    for (const user of refusal.users) ids.push(await addLegacyUser(database, user));
    const before = await dumpDatabase(database);
    const refused = { code: 1, lines: [expect.any(String), ...refusal.report(ids)] };
    const first = await migrate();
    expect(first.lines.splice(1, 1)).toEqual(['applied 0001_earlier_schema']);
    expect(first).toEqual(refused);
    expect(await migrate()).toEqual(refused);
    expect(await dumpDatabase(database)).toEqual(before);
    for (const statement of refusal.resolve(ids)) await run(statement);
    const { code, lines } = await migrate();
    expect(code, lines.join('\n')).toBe(0);
    expect(lines.slice(1)).toEqual(names.slice(1).map((name) => `applied ${name}`));
  });
});

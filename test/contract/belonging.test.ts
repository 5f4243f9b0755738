import { describe, expect, test } from 'vitest';
import { features } from '../../src/app.ts';
import { compile, identifier, join, sql } from '../../src/db/sql.ts';
import { loadRulesOf } from '../../src/feature.ts';
import type { OwnedTable } from '../../src/joints/owned-table.ts';
import { password } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { overLimits } from '../support/statement-limits.ts';
import { insertTwoFactorAccount } from './two-factor-account.ts';

const { tables, exportParts } = await loadRulesOf(features);

const client = new TestClient();

const db = openDatabase;

/** A column that names a user within its text. */
const namingTexts = ['login_attempts.bucket'];

/** The columns that name a user or a session: by their name, or by a foreign key. */
async function namingColumns(): Promise<string[]> {
  const rows = await db().query<{ column: string }>(sql`
    SELECT c.table_name || '.' || c.column_name AS column
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND (c.column_name IN ('user_id', 'owner_id', 'session_id') OR EXISTS (
      SELECT FROM information_schema.key_column_usage k
      JOIN information_schema.referential_constraints r USING (constraint_schema, constraint_name)
      JOIN information_schema.key_column_usage x ON x.constraint_schema = r.unique_constraint_schema
        AND x.constraint_name = r.unique_constraint_name
      WHERE k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
        AND x.table_name IN ('users', 'sessions')))
    ORDER BY 1`);
  return [...rows.map(({ column }) => column), ...namingTexts].toSorted();
}

/** Columns that no export has, by why (PRV-07). Those that name the user, of whom all of it is, are in the manifests. */
const leftOut: Readonly<Record<string, readonly string[]>> = {
  'a hash, a key or what is sealed: nothing that anybody could read, and something to try': [
    'users.address_key',
    'sessions.refresh_token',
    'sessions.legacy_token_hash',
    'mail_outbox.sealed',
    'mail_outbox.recipient_key',
    'mail_outbox.client_key',
    'mail_outbox.network_key',
    'one_time_tokens.token_hash',
    'one_time_tokens.target_key',
    'one_time_tokens.challenge',
    'one_time_tokens.way_back',
    'factors.secret_sealed',
    'backup_codes.code_hash',
  ],
  'the id of a device, by which it is known again': [
    'sessions.device_id',
    'second_factor_devices.device_id',
    'users.device_generation',
  ],
  'a counter or a bound of attempts, which says how many are left': [
    'sessions.cookie_counter',
    'sessions.cookie_rotated_at',
    'sessions.body_counter',
    'sessions.body_rotated_at',
    'sessions.second_factor_missed_at',
    'one_time_tokens.bucket',
    'factors.last_step',
    'second_factor_devices.misses',
  ],
  'the id of an operation or of a request, for the log and for repeats': [
    'security_events.request_id',
    'security_events.operation_id',
    'mail_outbox.request_id',
    'mail_outbox.operation_id',
    'one_time_tokens.spent_by',
    'factors.last_used_by',
    'backup_codes.used_by',
    'second_factor_devices.last_missed_by',
    'identities.added_by',
  ],
  'the state of the work, or what another member of the export says': [
    'sessions.expires_at',
    'sessions.amr',
    'mail_outbox.facts',
    'mail_outbox.expires_at',
    'mail_outbox.attempts',
    'mail_outbox.next_attempt_at',
    'one_time_tokens.spent_at',
    'one_time_tokens.method',
    'one_time_tokens.disowned_since',
    'factors.held_since',
    'identities.id',
    'identities.is_email_proved',
    'mail_outbox.id',
    'users.is_verification_exempt',
    'users.closing_number',
    'second_factor_devices.added_at',
  ],
  'what an operator does, which the events of the account tell': [
    'users.banned_at',
    'users.two_factor_reset_at',
  ],
  'read from the name of the browser, which is exported': ['security_events.device'],
};

/** The columns of the tables that have a part of the export, as `table.column`, without those that name the user. */
async function exportableColumns(): Promise<string[]> {
  const own = tables.filter(({ atExport }) => 'part' in atExport);
  const rows = await db().query<{ column: string }>(sql`
    SELECT table_name || '.' || column_name AS column FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = ANY (${own.map(({ name }) => name)}::text[])`);
  const naming = tables.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column}`));
  return rows
    .map(({ column }) => column)
    .filter((column) => !naming.includes(column))
    .toSorted();
}

/** The columns of a table in the lists that its part of the export selects. */
function exportedColumns({ name, atExport }: OwnedTable): string[] {
  const part = exportParts.find((one) => 'part' in atExport && one.name === atExport.part);
  const text = part === undefined ? '' : compile(part.value(sql`o`)).text;
  const lists = text.matchAll(new RegExp(`SELECT ((?:(?!SELECT)[^])*?) FROM ${name} (\\w+)`, 'g'));
  return [...lists].flatMap(([, list = '', alias = '']) =>
    [...list.matchAll(new RegExp(`\\b${alias}\\.(\\w+)`, 'g'))].map(([, column]) => `${name}.${column}`),
  );
}

function declaredColumns(all: readonly OwnedTable[]): string[] {
  // The row of a user is named by its own id.
  const columns = all.flatMap(({ name, columns: names }) => names.map((column) => `${name}.${column}`));
  return columns.filter((column) => column !== 'users.id').toSorted();
}

/** The rows of a table that name the user, or a session of theirs. */
async function rowsOf(
  { name, columns }: OwnedTable,
  ids: readonly string[],
): Promise<Record<string, unknown>[]> {
  const texts = ids.map((id) => `%${id}%`);
  const conditions = columns.map((column) => sql`t.${identifier(column)}::text LIKE ANY (${texts}::text[])`);
  const rows = await db().query<{ row: Record<string, unknown> }>(
    sql`SELECT to_jsonb(t) AS row FROM ${identifier(name)} t WHERE ${join(conditions, ' OR ')}`,
  );
  return rows.map(({ row }) => row);
}

/** An account that has rows in every table of the manifests. */
async function rooted() {
  const account = await insertTwoFactorAccount(client);
  const { userId, accessToken: bearer } = account;
  // Which is recorded, and told by mail.
  const renewed = await client.post('/api/auth/two-factor/backup-codes', undefined, { bearer });
  expect(renewed.status, renewed.text).toBe(200);
  const [session] = await db().query<{ id: string }>(
    sql`SELECT id FROM sessions WHERE user_id = ${userId}::uuid`,
  );
  const sessionId = session!.id;
  await db().batch([
    sql`INSERT INTO former_session_ids (id, session_id) VALUES (gen_random_uuid(), ${sessionId}::uuid)`,
    sql`INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
      VALUES (gen_random_uuid(), 'password_changed', ${account.email}, 'en', ${userId}::uuid, gen_random_uuid(), '{}',
        now() + interval '1 day')`,
    sql`INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
      SELECT b.name, 1, gen_random_uuid(), now() + interval '1 hour'
      FROM unnest(ARRAY[${`user:${userId}:export`}, ${`second-factor:${userId}:world`},
        ${`email-code:${userId}:world`}]) AS b (name)`,
    sql`INSERT INTO identities (user_id, provider, issuer, subject)
      VALUES (${userId}::uuid, 'google', 'https://accounts.google.com', ${userId})`,
    sql`INSERT INTO disowned_identities (user_id, issuer, subject) VALUES (${userId}::uuid, 'https://accounts.google.com', 'other')`,
    sql`UPDATE security_events SET ip_address = '192.0.2.1', user_agent = 'agent' WHERE user_id = ${userId}::uuid`,
  ]);
  for (const table of tables) expect(await rowsOf(table, [userId, sessionId]), table.name).not.toEqual([]);
  return { ...account, bearer, ids: [userId, sessionId] };
}

describe('every table that names a user (LNK-14)', () => {
  test('says what happens to its rows: each column that names a user or a session is in a manifest, and no other', async () => {
    expect(declaredColumns(tables)).toEqual(await namingColumns());
    expect(new Set(tables.map(({ name }) => name)).size).toBe(tables.length);
  });

  test('is missed where a manifest forgets it, and so is a new one', async () => {
    for (const forgotten of tables.filter(({ name }) => name !== 'users'))
      expect(declaredColumns(tables.filter((table) => table !== forgotten))).not.toEqual(
        await namingColumns(),
      );
    await db().query(sql`CREATE TABLE planted (holder uuid REFERENCES users (id) ON DELETE CASCADE)`);
    expect(await namingColumns()).toContain('planted.holder');
    await db().query(sql`DROP TABLE planted`);
  });

  test('is exported by a part that there is, or says why by none', () => {
    const parts = exportParts.map(({ name }) => name);
    for (const { name, atExport } of tables) {
      if ('part' in atExport) expect(parts, name).toContain(atExport.part);
      else expect(atExport.none, name).toMatch(/\w+ \w+/);
    }
    const exported = tables.flatMap(({ atExport }) => ('part' in atExport ? [atExport.part] : []));
    expect(parts.filter((part) => !exported.includes(part))).toEqual([]);
  });

  test('is exported by a part that can be read', () => {
    const texts = exportParts.map(({ name, value }) => ({ step: name, text: compile(value(sql`o`)).text }));
    expect(overLimits({ name: 'export', steps: texts })).toEqual([]);
  });

  test('has each of its columns in the export, or says why not (PRV-07)', async () => {
    const silent = Object.values(leftOut).flat();
    const exported = tables.flatMap(exportedColumns);
    const unexplained = async () =>
      (await exportableColumns()).filter((column) => !silent.includes(column) && !exported.includes(column));
    expect(await unexplained()).toEqual([]);
    const columns = await exportableColumns();
    expect(silent.filter((column) => !columns.includes(column) || exported.includes(column))).toEqual([]);
    await db().query(sql`ALTER TABLE trusted_devices ADD COLUMN planted text`);
    expect(await unexplained()).toEqual(['trusted_devices.planted']);
    await db().query(sql`ALTER TABLE trusted_devices DROP COLUMN planted`);
  });

  test('goes with the user by ON DELETE CASCADE where it says so', async () => {
    const keys = await db().query<{ name: string; column: string; target: string; action: string }>(sql`
      SELECT k.table_name AS name, k.column_name AS column, x.table_name AS target, r.delete_rule AS action
      FROM information_schema.referential_constraints r
      JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name)
      JOIN information_schema.key_column_usage x ON x.constraint_schema = r.unique_constraint_schema
        AND x.constraint_name = r.unique_constraint_name
      WHERE x.table_name IN ('users', 'sessions')`);
    const cascading = tables.filter(({ atDeletion }) => atDeletion === 'cascade');
    expect(cascading.length).toBeGreaterThan(0);
    for (const { name, columns } of cascading) {
      const own = keys.filter((key) => key.name === name && columns.includes(key.column));
      expect(own.map(({ column }) => column).toSorted(), name).toEqual([...columns].toSorted());
      expect(
        own.every(({ action }) => action === 'CASCADE'),
        name,
      ).toBe(true);
      // Sessions go with their user, and what names a session with that.
      const reached = own.map(({ target }) => target).filter((target) => target !== 'users');
      expect(
        reached.every((target) => cascading.some((table) => table.name === target)),
        name,
      ).toBe(true);
    }
  });

  test('is closed at a take-over by credentials of its own feature, none of which stays, or by a statement', async () => {
    const { ids } = await rooted();
    const owner = sql`(SELECT ${ids[0]}::uuid AS user_id)`;
    for (const { loadRules } of features) {
      const { tables: own = [], credentials = [] } = (await loadRules?.()) ?? {};
      for (const { name, atTakeOver } of own) {
        if (typeof atTakeOver === 'object' && 'kept' in atTakeOver)
          expect(atTakeOver.kept, name).toMatch(/\w+ \w+/);
        else if (typeof atTakeOver === 'object') {
          await db().query(atTakeOver.statement(owner));
          const table = tables.find((one) => one.name === name)!;
          expect(await rowsOf(table, ids), name).toEqual([]);
        } else {
          const cells = credentials.flatMap((group) => Object.values(group.cells));
          expect(cells, name).not.toEqual([]);
          expect(
            cells.map(({ taken_over }) => taken_over),
            name,
          ).not.toContain('kept');
        }
      }
    }
  });

  test('leaves nothing of a deleted account but events without their request metadata (PRV-03, PRV-05)', async () => {
    const { bearer, ids } = await rooted();
    const bystander = await rooted();
    const answer = await client.call('DELETE', '/api/auth/me', { bearer, body: { password } });
    expect(answer.status, answer.text).toBe(200);
    for (const table of tables) {
      const left = await rowsOf(table, ids);
      if (table.name === 'security_events') {
        expect(left.length).toBeGreaterThan(0);
        const none = { ip_address: null, user_agent: null, device: null, location: null };
        for (const row of left) expect(row).toMatchObject(none);
      } else expect(left, table.name).toEqual([]);
      expect(await rowsOf(table, bystander.ids), table.name).not.toEqual([]);
    }
  });

  test('has a statement that does so by itself, and nothing for a user who is still there', async () => {
    const { ids } = await rooted();
    const [userId] = ids;
    const steps = tables.flatMap((table) =>
      typeof table.atDeletion === 'object' && 'step' in table.atDeletion
        ? [{ table, ...table.atDeletion }]
        : [],
    );
    expect(steps.length).toBeGreaterThan(2);
    expect(new Set(steps.map(({ step }) => step)).size).toBe(steps.length);
    for (const { table, statement } of steps) {
      const before = await rowsOf(table, ids);
      await db().query(statement(sql`(SELECT ${userId}::uuid AS user_id WHERE false)`));
      expect(await rowsOf(table, ids), table.name).toEqual(before);
      await db().query(statement(sql`(SELECT ${userId}::uuid AS user_id)`));
      const after = await rowsOf(table, ids);
      if (table.name === 'security_events')
        expect(JSON.stringify(after)).not.toMatch(/192\.0\.2\.1|agent":"/);
      else expect(after, table.name).toEqual([]);
    }
  });
});

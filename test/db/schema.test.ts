import { describe, expect, test } from 'vitest';
import { DatabaseError } from '../../src/db/database-error.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import { openDatabase } from '../support/database.ts';

const database = openDatabase();
const unknownId = '00000000-0000-4000-8000-000000000000';

/** Address and id of a user that is inserted by SQL alone, past every check of the service. */
async function insertUser(): Promise<{ id: string; email: string }> {
  const id = crypto.randomUUID();
  const email = `${id}@schema.example`;
  await database.query(sql`INSERT INTO users (id, email, name) VALUES (${id}::uuid, ${email}, 'Test')`);
  return { id, email };
}

/** Id of a session with these further columns. */
async function insertSession(userId: string): Promise<string> {
  const [row] = await database.query<{ id: string }>(sql`
    INSERT INTO sessions (user_id, expires_at, absolute_expires_at)
    VALUES (${userId}::uuid, now() + interval '1 hour', now() + interval '1 day') RETURNING id`);
  return row?.id ?? '';
}

/** The SQLSTATE and the constraint that a statement is refused with. */
async function refusalOf(statement: Fragment): Promise<[code: string | null, constraint: string | null]> {
  try {
    await database.query(statement);
  } catch (error) {
    if (error instanceof DatabaseError) return [error.code, error.constraint];
    throw error;
  }
  throw new Error('the statement was not refused');
}

describe('the table of users (SQL-05)', () => {
  test('has one account per address', async () => {
    const { email } = await insertUser();
    const [code] = await refusalOf(sql`INSERT INTO users (email, name) VALUES (${email}, 'x')`);
    expect(code).toBe('23505');
  });

  test('takes no address in upper case', async () => {
    const statement = sql`INSERT INTO users (email, name) VALUES ('Upper@Schema.example', 'x')`;
    expect(await refusalOf(statement)).toEqual(['23514', 'users_email_lower_case']);
    const { id } = await insertUser();
    const update = sql`UPDATE users SET email = 'Upper@Schema.example' WHERE id = ${id}::uuid`;
    expect(await refusalOf(update)).toEqual(['23514', 'users_email_lower_case']);
  });

  test.each<[what: string, statement: (email: string) => Fragment, code: string]>([
    ['address', () => sql`INSERT INTO users (name) VALUES ('x')`, '23502'],
    ['name', (email) => sql`INSERT INTO users (email) VALUES (${email})`, '23502'],
    [
      'language of a bounded length',
      (email) => sql`INSERT INTO users (email, name, locale) VALUES (${email}, 'x', repeat('x', 36))`,
      '23514',
    ],
    [
      'time of its making',
      (email) => sql`INSERT INTO users (email, name, created_at) VALUES (${email}, 'x', NULL)`,
      '23502',
    ],
  ])('takes no account without a %s', async (_what, statement, code) => {
    expect((await refusalOf(statement(`${crypto.randomUUID()}@schema.example`)))[0]).toBe(code);
  });
});

describe('the table of sessions (SQL-05)', () => {
  test('belongs to a user who exists', async () => {
    const [code] = await refusalOf(sql`
      INSERT INTO sessions (user_id, expires_at, absolute_expires_at) VALUES (${unknownId}::uuid, now(), now())`);
    expect(code).toBe('23503');
  });

  test.each<[what: string, change: Fragment, code: string]>([
    ['with a negative cookie counter', sql`cookie_counter = -1`, '23514'],
    ['with a negative body counter', sql`body_counter = -1`, '23514'],
    ['that ends after its end', sql`expires_at = absolute_expires_at + interval '1 second'`, '23514'],
    ['with a hash of another length', sql`legacy_token_hash = '\\x00'::bytea`, '23514'],
    ['with a User-Agent of more than 256 characters', sql`user_agent = repeat('x', 257)`, '23514'],
    ['without a user', sql`user_id = NULL`, '23502'],
    ['without an end', sql`expires_at = NULL`, '23502'],
    ['without an absolute end', sql`absolute_expires_at = NULL`, '23502'],
    ['without a time of authentication', sql`authenticated_at = NULL`, '23502'],
    ['without a method', sql`method = NULL`, '23502'],
    ['without an amr', sql`amr = NULL`, '23502'],
  ])('takes no row %s', async (_what, change, code) => {
    const id = await insertSession((await insertUser()).id);
    expect((await refusalOf(sql`UPDATE sessions SET ${change} WHERE id = ${id}::uuid`))[0]).toBe(code);
  });

  test('never stores a plain refresh token, by whatever statement it comes', async () => {
    const { id: userId } = await insertUser();
    const token = `plain-${crypto.randomUUID()}`;
    const hash = sql`sha256(convert_to(${token}, 'UTF8'))`;
    await database.query(sql`
      INSERT INTO sessions (user_id, refresh_token, expires_at)
      VALUES (${userId}::uuid, ${token}, now() + interval '1 day')`);
    const id = await insertSession(userId);
    const read = sql`SELECT id, refresh_token, legacy_token_hash = ${hash} AS is_hashed
      FROM sessions WHERE user_id = ${userId}::uuid ORDER BY id = ${id}::uuid`;
    const [inserted] = await database.query(read);
    expect(inserted).toMatchObject({ refresh_token: null, is_hashed: true });
    await database.query(sql`UPDATE sessions SET refresh_token = ${token} WHERE id = ${id}::uuid`);
    const [loser, updated] = await database.query(read);
    expect(updated).toMatchObject({ id, refresh_token: null, is_hashed: true });
    // One token opens one session: the newest statement has it.
    expect(loser).toMatchObject({ refresh_token: null, is_hashed: null });
    expect(
      JSON.stringify(await database.query(sql`SELECT * FROM sessions WHERE user_id = ${userId}::uuid`)),
    ).not.toContain(token);
  });
});

describe('the table of security events (SQL-05)', () => {
  const columns = sql`(type, outcome, request_id, user_agent)`;

  test.each<[what: string, values: Fragment, code: string]>([
    ['another outcome', sql`('authn_login_success', 'maybe', gen_random_uuid(), NULL)`, '23514'],
    ['a type that is no name', sql`('DROP TABLE', 'success', gen_random_uuid(), NULL)`, '23514'],
    ['an empty type', sql`('', 'success', gen_random_uuid(), NULL)`, '23514'],
    ['a type of 65 characters', sql`(repeat('x', 65), 'success', gen_random_uuid(), NULL)`, '23514'],
    ['a long User-Agent', sql`('x', 'success', gen_random_uuid(), repeat('x', 257))`, '23514'],
    ['no request', sql`('authn_login_success', 'success', NULL, NULL)`, '23502'],
  ])('takes no row with %s', async (_what, values, code) => {
    expect((await refusalOf(sql`INSERT INTO security_events ${columns} VALUES ${values}`))[0]).toBe(code);
  });
});

describe('the table of attempts (SQL-05)', () => {
  const columns = sql`(bucket, count, last_attempt_id, window_ends_at)`;

  test.each<[what: string, values: Fragment, code: string]>([
    ['a name of any length', sql`(repeat('x', 129), 1, gen_random_uuid(), now())`, '23514'],
    ['a count of nothing', sql`('none', 0, gen_random_uuid(), now())`, '23514'],
    ['no window', sql`('none', 1, gen_random_uuid(), NULL)`, '23502'],
    ['no attempt', sql`('none', 1, NULL, now())`, '23502'],
  ])('takes no bucket with %s', async (_what, values, code) => {
    expect((await refusalOf(sql`INSERT INTO login_attempts ${columns} VALUES ${values}`))[0]).toBe(code);
  });

  test('has one row per bucket', async () => {
    const bucket = `user:${crypto.randomUUID()}:world`;
    const insert = sql`INSERT INTO login_attempts ${columns} VALUES (${bucket}, 1, gen_random_uuid(), now())`;
    await database.query(insert);
    expect((await refusalOf(insert))[0]).toBe('23505');
  });
});

describe('with a guard taken away, the one behind it holds (SQL-05)', () => {
  test.each<[what: string, statements: Fragment[], refusal: [code: string, constraint: string]]>([
    [
      'two spellings of one address, without the check on its case',
      [
        sql`ALTER TABLE users DROP CONSTRAINT users_email_lower_case`,
        sql`INSERT INTO users (email, name) VALUES ('a@b.example', 'x'), ('A@b.example', 'y')`,
      ],
      ['23505', 'users_email_lower_key'],
    ],
    [
      'a plain refresh token, without the trigger that hashes it',
      [
        sql`ALTER TABLE sessions DISABLE TRIGGER sessions_take_earlier_token`,
        sql`INSERT INTO users (email, name) VALUES ('c@d.example', 'x')`,
        sql`INSERT INTO sessions (user_id, refresh_token, expires_at, absolute_expires_at)
          SELECT u.id, 'plain', now(), now() FROM users u`,
      ],
      ['23514', 'sessions_no_plain_token'],
    ],
  ])('%s', async (_what, statements, expected) => {
    const error = await database.batch(statements).then(
      () => null,
      (thrown: DatabaseError) => thrown,
    );
    expect([error?.code, error?.constraint]).toEqual(expected);
  });
});

describe('the deletion of a user (SQL-05)', () => {
  test('takes the sessions along and leaves the security events', async () => {
    const { id } = await insertUser();
    const { id: other } = await insertUser();
    await insertSession(id);
    await insertSession(id);
    await insertSession(other);
    await database.query(sql`
      INSERT INTO security_events (type, outcome, request_id, user_id)
      VALUES ('authn_login_success', 'success', gen_random_uuid(), ${id}::uuid)`);
    await database.query(sql`DELETE FROM users WHERE id = ${id}::uuid`);
    const [left] = await database.query(sql`
      SELECT (SELECT count(*)::int FROM sessions WHERE user_id = ${id}::uuid) AS sessions,
        (SELECT count(*)::int FROM sessions WHERE user_id = ${other}::uuid) AS others,
        (SELECT count(*)::int FROM security_events WHERE user_id = ${id}::uuid) AS events`);
    expect(left).toEqual({ sessions: 0, others: 1, events: 1 });
  });
});

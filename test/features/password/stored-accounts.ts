import { hashSync } from 'bcryptjs';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, password } from '../../support/accounts.ts';
import { query } from '../../support/database.ts';

export interface StoredAccount {
  readonly id: string;
  readonly email: string;
}

/** Writes a user the way that the legacy system or an operator did, with whatever stands for its password. */
export async function storeAccount(
  passwordHash: string | null,
  { isBanned = false }: { isBanned?: boolean } = {},
): Promise<StoredAccount> {
  const email = freshEmail();
  const [row] = await query<{ id: string }>(sql`
    INSERT INTO users (email, name, password_hash, banned_at)
    VALUES (${email}, 'Stored User', ${passwordHash}, CASE WHEN ${isBanned}::boolean THEN now() END)
    RETURNING id`);
  return { id: row!.id, email };
}

/** A hash of the legacy system; of the shared password unless told. The low cost only saves time. */
export function bcryptHash(text: string = password): string {
  return hashSync(text, 4);
}

export interface UserColumns {
  readonly email: string;
  readonly name: string;
  readonly password_hash: string | null;
  readonly locale: string | null;
  /** Changes with every write to the row. */
  readonly version: string;
}

export async function findUsers(email: string): Promise<UserColumns[]> {
  return query<UserColumns>(sql`
    SELECT email, name, password_hash, locale, xmin::text AS version FROM users WHERE lower(email) = lower(${email})`);
}

export async function storedHash(userId: string): Promise<string | null> {
  const [row] = await query<{ password_hash: string | null }>(
    sql`SELECT password_hash FROM users WHERE id = ${userId}::uuid`,
  );
  return row!.password_hash;
}

export interface SessionColumns {
  readonly id: string;
  readonly method: string;
  readonly cookie_counter: number | null;
  readonly body_counter: number | null;
}

export async function findSessions(userId: string): Promise<SessionColumns[]> {
  return query<SessionColumns>(sql`
    SELECT id, method, cookie_counter, body_counter FROM sessions WHERE user_id = ${userId}::uuid ORDER BY created_at`);
}

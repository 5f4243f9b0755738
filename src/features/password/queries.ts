import type { Database } from '../../db/client.ts';
import type { Effect, RequestOrigin } from '../../db/effects.ts';
import { effectCtes } from '../../db/fragments.ts';
import { sql } from '../../db/sql.ts';
import { type NewSession, type OpenedSessionRow, openedBefore, openSession } from '../sessions/index.ts';
import { insertUser, type NewUser, replacePasswordHash, type UserRow, userColumns } from '../users/index.ts';

export interface Account {
  readonly id: string;
  /** Null where the person signs in without a password. */
  readonly password_hash: string | null;
  readonly is_banned: boolean;
}

/** A user with the session that was just opened for them. */
export type SignedInRow = UserRow & OpenedSessionRow;

/** What a login needs to judge a password. Round trips: 1. Null when nobody has the address. */
export async function findAccountByEmail(db: Database, email: string): Promise<Account | null> {
  const [account] = await db.query<Account>(
    sql`SELECT u.id, u.password_hash, u.banned_at IS NOT NULL AS is_banned FROM users u WHERE lower(u.email) = ${email}`,
    { isRepeatable: true },
  );
  return account ?? null;
}

/**
 * Creates a user and opens their first session, both or neither. Round trips: 1. Null when the address is taken. A
 * repeat after a lost answer finds what the first run made, by the ids that both were given; where the two ran at once
 * it can be null as well, and the next call finds it.
 */
export async function registerUser(
  db: Database,
  user: NewUser,
  session: NewSession,
  origin: RequestOrigin,
  onRegistered: readonly Effect[],
): Promise<SignedInRow | null> {
  const [row] = await db.query<SignedInRow>(
    sql`
      WITH created AS (${insertUser(user)}),
      owner AS (SELECT c.id AS user_id FROM created c),
      opened AS (${openSession(sql`owner`, session)})${effectCtes(onRegistered, 'opened', origin)},
      registered AS (
        SELECT * FROM created
        UNION ALL
        SELECT u.id, u.email, u.name, u.password_hash, u.email_verified_at, u.created_at, u.updated_at
        FROM users u WHERE u.id = ${user.id}::uuid
      ),
      signed_in AS (SELECT * FROM opened UNION ALL ${openedBefore(session.id)})
      SELECT ${userColumns(sql`r`)}, i.session_id, i.auth_time, i.expires_in
      FROM registered r JOIN signed_in i ON i.user_id = r.id`,
    { isRepeatable: true },
  );
  return row ?? null;
}

/**
 * Opens a session for an account whose password was verified, and replaces its hash by a better one where `newHash` is
 * given. Round trips: 1. Null when the password was changed, or the user banned or deleted, since it was read: the
 * row lock makes a racing reset wait until the session is there to be ended (SECURITY SES-07).
 */
export async function openLoginSession(
  db: Database,
  verified: { readonly userId: string; readonly passwordHash: string; readonly newHash: string | null },
  session: NewSession,
  origin: RequestOrigin,
  onLoggedIn: readonly Effect[],
): Promise<SignedInRow | null> {
  const { userId, passwordHash, newHash } = verified;
  // FOR SHARE would let two logins hold the row and then wait for each other's update.
  const lock = newHash === null ? sql`FOR SHARE` : sql`FOR NO KEY UPDATE`;
  const rehash =
    newHash === null
      ? sql``
      : sql`, rehashed AS (${replacePasswordHash(sql`holder`, passwordHash, newHash)})`;
  const [row] = await db.query<SignedInRow>(
    sql`
      WITH holder AS MATERIALIZED (
        SELECT u.id AS user_id FROM users u
        WHERE u.id = ${userId}::uuid AND u.password_hash = ${passwordHash} AND u.banned_at IS NULL
        ${lock}
      )${rehash},
      opened AS (${openSession(sql`holder`, session)})${effectCtes(onLoggedIn, 'opened', origin)},
      signed_in AS (SELECT * FROM opened UNION ALL ${openedBefore(session.id)})
      SELECT ${userColumns(sql`u`)}, i.session_id, i.auth_time, i.expires_in
      FROM signed_in i JOIN users u ON u.id = i.user_id`,
    { isRepeatable: true },
  );
  return row ?? null;
}

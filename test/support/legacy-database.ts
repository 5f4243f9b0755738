import { hashSync } from 'bcryptjs';
import type { StatementRunner } from '../../src/db/migrations.ts';
import { sql } from '../../src/db/sql.ts';
import { schema, statementsOf } from './guide-sql.ts';

/** A user as the legacy system stored them. */
export interface LegacyUser {
  readonly email: string;
  /** Hashed with bcrypt; left out where they signed in elsewhere. */
  readonly password?: string;
  readonly version?: '2a' | '2b' | '2y';
  readonly provider?: string;
  readonly providerId?: string;
  /** As it stands in the column, without a zone. */
  readonly createdAt?: string;
}

/** Puts the legacy system's schema, empty, in the place of whatever the database holds. */
export async function makeLegacy(database: StatementRunner): Promise<void> {
  await database.batch([sql`DROP SCHEMA public CASCADE`, sql`CREATE SCHEMA public`, ...statementsOf(schema)]);
}

/** Stores a user; returns the id. */
export async function addLegacyUser(database: StatementRunner, user: LegacyUser): Promise<string> {
  const hash = user.password === undefined ? null : bcryptOf(user.password, user.version ?? '2b');
  const [row] = await database.query<{ id: string }>(sql`
    INSERT INTO users (email, name, password_hash, oauth_provider, oauth_id, created_at)
    VALUES (${user.email}, 'Earlier User', ${hash}, ${user.provider ?? null}, ${user.providerId ?? null},
      coalesce(${user.createdAt ?? null}::timestamp, now() AT TIME ZONE 'UTC'))
    RETURNING id`);
  return row!.id;
}

/** Stores a session that began so many days ago and ends 30 days after that; returns the id. */
export async function addLegacySession(
  database: StatementRunner,
  userId: string,
  token: string | null,
  daysAgo = 0,
): Promise<string> {
  const [row] = await database.query<{ id: string }>(sql`
    INSERT INTO sessions (user_id, refresh_token, expires_at, created_at)
    SELECT ${userId}::uuid, ${token}, t.began + interval '30 days', t.began
    FROM (SELECT now() AT TIME ZONE 'UTC' - make_interval(days => ${daysAgo}::int) AS began) t RETURNING id`);
  return row!.id;
}

/** A token as the legacy system made them: a JWT, never the same twice. */
export function legacyJwt(): string {
  const encode = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, '');
  const signature = crypto.randomUUID().replaceAll('-', '').repeat(2);
  return `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ userId: crypto.randomUUID(), type: 'refresh' })}.${signature}`;
}

// The low cost only saves time.
function bcryptOf(text: string, version: string): string {
  return hashSync(text, 4).replace(/^\$2.\$/, `$${version}$`);
}

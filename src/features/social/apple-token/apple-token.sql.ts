import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import type { KeptToken } from '../identities/identities.sql.ts';

/** A token whose identity is gone. */
export interface OrphanedToken extends KeptToken {
  readonly provider: string;
  /** This try included. */
  readonly attempts: number;
}

/** Seconds until the second try, doubled for each further one, and the maximum. */
const retrySeconds = { first: 60, max: 86_400 } as const;

/**
 * Takes up to `limit` tokens that are to be revoked, and puts off the next try of each by `retrySeconds`. Those that
 * another run takes are skipped. Round trips: 1.
 */
export function takeOrphanedTokens(db: Database, limit: number): Promise<OrphanedToken[]> {
  const { first, max } = retrySeconds;
  return db.query<OrphanedToken>(
    'take-orphaned-tokens',
    sql`
      WITH due AS (
        SELECT p.id FROM provider_tokens p WHERE p.identity_id IS NULL AND p.due_at <= now()
        ORDER BY p.due_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
      )
      UPDATE provider_tokens p SET attempts = p.attempts + 1,
        due_at = now() + make_interval(secs => least(${max}::int, ${first}::int * power(2, p.attempts)))
      WHERE p.id = ANY (ARRAY(SELECT d.id FROM due d))
      RETURNING p.id, p.provider, p.client_id AS "clientId", p.sealed, p.attempts`,
  );
}

/** Forgets tokens that are revoked, or given up. Round trips: 1. */
export async function deleteTokens(db: Database, ids: readonly string[]): Promise<void> {
  const statement = sql`DELETE FROM provider_tokens p WHERE p.id = ANY (${ids}::uuid[])`;
  await db.query('delete-provider-tokens', statement, { isIdempotent: true });
}

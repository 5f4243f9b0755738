import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { type CallerIds, fromLiveSession } from '../../sessions/index.ts';

/** The caller, once for each identity of the account; once without one where it has none. */
export interface SignedInRow {
  readonly email: string;
  readonly name: string;
  readonly provider: string | null;
  readonly identity_email: string | null;
  readonly linked_at: Date | null;
}

/** Finds who is signed in, and their identities, oldest first. Round trips: 1. Empty when the session is not live. */
export function findSignedInPerson(db: Database, caller: CallerIds): Promise<SignedInRow[]> {
  return db.query<SignedInRow>(
    'find-signed-in-person',
    sql`
      SELECT c.email, c.name, i.provider, i.email AS identity_email, i.created_at AS linked_at
      FROM (SELECT u.id, u.email, u.name ${fromLiveSession(caller)}) c LEFT JOIN identities i ON i.user_id = c.id
      ORDER BY i.created_at, i.id`,
    { isIdempotent: true },
  );
}

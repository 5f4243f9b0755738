import { type Fragment, sql } from '../../db/sql.ts';
import { clearAttempts } from '../../rate-limit/fragments.ts';
import type { RequestMetadata } from '../../request-metadata.ts';
import { type EventKind, recordEvents } from '../security-events/index.ts';
import { begunNow, evictOldest, type Opening } from '../sessions/index.ts';

/** The event of a first verification. */
export const emailVerified: EventKind = {
  type: 'user_updated',
  outcome: 'success',
  reason: 'email_verified',
};

export const loggedIn: EventKind = { type: 'authn_login_success', outcome: 'success', method: 'password' };
const sessionEvicted: EventKind = {
  type: 'authn_token_revoked',
  outcome: 'success',
  reason: 'session_cap',
};

/**
 * A statement with what goes with a session that was begun: its record, the attempts given back, and the end of the
 * oldest session beyond the limit.
 */
export function settleSignIn(bucket: string, { session }: Opening, metadata: RequestMetadata): Fragment {
  return sql`
    WITH begun AS (SELECT b.* FROM ${begunNow(session)} b),
    recorded AS (${recordEvents(sql`begun`, loggedIn, metadata)}),
    cleared AS (${clearAttempts(bucket, sql`begun`)}),
    evicted AS (${evictOldest(sql`begun`, session.id)})
    ${recordEvents(sql`evicted`, sessionEvicted, metadata)}`;
}

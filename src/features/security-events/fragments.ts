import type { Effect } from '../../db/effects.ts';
import { type Fragment, sql } from '../../db/sql.ts';

/** What an event says. `type` is a name of OWASP's Logging Vocabulary. */
export interface EventKind {
  readonly type: string;
  readonly outcome: 'success' | 'failure';
  /** How the person signed in, where that is the point: `password`, later others. */
  readonly method?: string;
  readonly reason?: string;
  /** The reason is the source's column `reason`. */
  readonly hasSourceReason?: true;
}

/**
 * An effect that records one event for each row of its source, in the statement that makes the change (SECURITY
 * LOG-08): no change without its record, no record without its change.
 */
export function recordEvent(kind: EventKind): Effect {
  const reason = kind.hasSourceReason ? sql`e.reason` : sql`${kind.reason ?? null}::text`;
  return (source, origin) => sql`
    INSERT INTO security_events
      (type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
    SELECT ${kind.type}, ${kind.outcome}, ${kind.method ?? null}::text, ${reason}, e.user_id, e.session_id,
      ${origin.requestId}::uuid, ${origin.ipAddress}::inet, ${origin.userAgent}::text,
      ${origin.location && JSON.stringify(origin.location)}::jsonb
    FROM ${source} e`;
}

/**
 * The events that an earlier run of the same request recorded for the user: its statement committed and its answer was
 * lost. A request lives for seconds, so that a minute is enough to look back.
 */
export function recordedBefore(userId: string, requestId: string): Fragment {
  return sql`SELECT e.id FROM security_events e
    WHERE e.user_id = ${userId}::uuid AND e.at > now() - interval '1 minute' AND e.request_id = ${requestId}::uuid`;
}

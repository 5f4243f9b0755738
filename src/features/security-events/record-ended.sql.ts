import { type Fragment, sql } from '../../db/sql.ts';
import type { EventReason } from '../../joints/event-types.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';

/** The reason of the event of each kind of thing that a closing ends and its owner is told of (LNK-20). */
const reasons = {
  factor: 'factor_ended',
  identity: 'identity_ended',
  trusted_device: 'trusted_device_ended',
} as const satisfies Readonly<Record<string, EventReason<'user_updated'>>>;

/**
 * A statement, or the body of a CTE, that records one event for each thing that a closing ended: what it was stands in it, as
 * its owner knows it, so that the mail of the occasion lists it (`endedNow`). Who did it and where, the event of the occasion
 * says: that may have been an operator, whose address is none of the owner's business.
 * @param ended a sub-select with `user_id`, and what the thing was as `about`: a jsonb object
 */
export function recordEnded(
  ended: Fragment,
  kind: keyof typeof reasons,
  { requestId, operationId }: RequestMetadata,
): Fragment {
  return sql`
    INSERT INTO security_events
      (type, outcome, reason, about, user_id, request_id, operation_id)
    SELECT 'user_updated', 'success', ${reasons[kind]}, jsonb_build_object('kind', ${kind}::text) || e.about, e.user_id,
      ${requestId}::uuid, ${operationId}::uuid
    FROM ${ended} e`;
}

/** What this transaction has ended of a user, as `EndedThing[]`: a jsonb array; null for nothing. */
export function endedNow({ operationId }: RequestMetadata): (userId: Fragment) => Fragment {
  return (userId) => sql`(
    SELECT jsonb_agg(e.about ORDER BY e.reason, e.id) FROM security_events e
    WHERE e.user_id = ${userId} AND e.at = now() AND e.operation_id = ${operationId}::uuid AND e.about IS NOT NULL)`;
}

import type { ExportPart } from '../../db/export-part.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { isoTime } from '../../db/texts.sql.ts';
import type { EventType, TypedEvent } from '../../joints/event-types.ts';
import type { Location, RequestMetadata } from '../../request/request-metadata.ts';

/** The content of an event. */
export type EventKind<Type extends EventType = EventType> = TypedEvent<Type> & EventCircumstances;

interface EventCircumstances {
  readonly outcome: 'success' | 'failure';
  /** How the user signed in, if it matters: `password`, later others. */
  readonly method?: string;
  /** The reason comes from the column `reason` of the source, whose values are parameters: an `EventReason` of the type. */
  readonly hasSourceReason?: true;
  /**
   * An operator did it. The record omits their address, browser and place, since the owner of the account reads it.
   * The request id leads to them in the platform's log.
   */
  readonly isByOperator?: true;
  /** At most one per request, however often its statement runs. */
  readonly isOncePerRequest?: true;
}

/** Who and what an event is about: a sub-select with `user_id` and `session_id`, null where there is none. */
export type EventSource = Fragment;

/**
 * A statement that records one event for each row of its source, in the transaction that makes the change (LOG-08): no
 * change without its record, no record without its change. It is the body of a CTE as well.
 */
export function recordEvents(source: EventSource, kind: EventKind, metadata: RequestMetadata): Fragment {
  const reason = kind.hasSourceReason ? sql`e.reason` : sql`${kind.reason ?? null}::text`;
  const { ipAddress, userAgent, location } = kind.isByOperator ? nobody : metadata;
  const id = kind.isOncePerRequest ? sql`${metadata.operationId}::uuid` : sql`gen_random_uuid()`;
  const onRetry = kind.isOncePerRequest ? sql`ON CONFLICT (id) DO NOTHING` : sql``;
  return sql`
    INSERT INTO security_events
      (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
    SELECT ${id}, ${kind.type}, ${kind.outcome}, ${kind.method ?? null}::text, ${reason}, e.user_id, e.session_id,
      ${metadata.requestId}::uuid, ${metadata.operationId}::uuid, ${ipAddress}::inet, ${userAgent}::text,
      ${location && JSON.stringify(location)}::jsonb
    FROM ${source} e ${onRetry}`;
}

/** The most events that one statement strips of their request metadata. Others expire with the retention. */
const forgottenEventsMax = 10_000;

/**
 * A statement that removes the request metadata from the events of the user in the source, at most one user: what
 * happened stays, and the user id no longer belongs to anybody (PRV-05).
 */
export function forgetRequestMetadata(source: Fragment): Fragment {
  return sql`
  UPDATE security_events e SET ip_address = NULL, user_agent = NULL, device = NULL, location = NULL, about = NULL
  WHERE e.id = ANY (ARRAY(
    SELECT x.id FROM security_events x WHERE x.user_id = (SELECT o.user_id FROM ${source} o)
    ORDER BY x.at DESC, x.id DESC LIMIT ${forgottenEventsMax}::int
  ))
  RETURNING e.id`;
}

/** A stored event, with the names of `eventColumns`. */
export interface EventRow {
  readonly id: string;
  readonly type: string;
  readonly at: Date;
  /** `at` in microseconds since the epoch, with full precision. */
  readonly at_micros: number;
  readonly outcome: 'success' | 'failure';
  readonly reason: string | null;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly location: Location | null;
}

/** The position of an event in a list that is ordered by time and id. */
export type EventPosition = Pick<EventRow, 'at_micros' | 'id'>;

/** Select list for an `EventRow`; `e` is the alias of security_events. A double is exact to the microsecond until 2255. */
export function eventColumns(e: Fragment): Fragment {
  return sql`${e}.id, ${e}.type, ${e}.at, (extract(epoch FROM ${e}.at) * 1000000)::float8 AS at_micros, ${e}.outcome,
    ${e}.reason, ${e}.ip_address, ${e}.user_agent, ${e}.location`;
}

/** FROM and WHERE for an event of the user `owner`, an expression, of the last `days`: alias `e`. */
export function fromOwnEvent(owner: Fragment, id: string | null, days: number): Fragment {
  return sql`FROM security_events e
    WHERE e.id = ${id}::uuid AND e.user_id = ${owner} AND e.at > now() - make_interval(days => ${days}::int)`;
}

/**
 * Up to `limit` events of a user, newest first, after the position `after` if it is given, by the index
 * security_events_user_idx. `owner` is an alias whose `user_id` is the user.
 */
export function eventsOf(owner: Fragment, after: EventPosition | null, limit: number): Fragment {
  const behind =
    after === null
      ? sql``
      : sql`AND (e.at, e.id) < ('epoch'::timestamptz + ${after.at_micros}::float8 * interval '1 microsecond', ${after.id}::uuid)`;
  return sql`SELECT ${eventColumns(sql`e`)} FROM security_events e WHERE e.user_id = ${owner}.user_id ${behind}
    ORDER BY e.at DESC, e.id DESC LIMIT ${limit}::int`;
}

/**
 * The events, of a type if it is given, that this operation recorded for the user, in this transaction or in an earlier run
 * whose response was lost. A request lives for seconds, so looking back one minute is enough.
 */
export function recordedByUs(userId: string, operationId: string, type: EventType | null = null): Fragment {
  const ofType = type === null ? sql`` : sql`AND e.type = ${type}`;
  return sql`SELECT e.id FROM security_events e
    WHERE e.user_id = ${userId}::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = ${operationId}::uuid
      ${ofType}`;
}

/**
 * Whom an event of this transaction is about, if it recorded one for the user: a sub-select with `user_id` and
 * `session_id`, for what else must happen once. Events of what it ended are none of them.
 */
export function recordedNow(userId: string, operationId: string): Fragment {
  return sql`(
    SELECT e.user_id, e.session_id FROM security_events e
    WHERE e.user_id = ${userId}::uuid AND e.at = now() AND e.operation_id = ${operationId}::uuid AND e.about IS NULL)`;
}

/** The user and session of the event that this transaction recorded for its request, of the kind that is recorded once. */
export function recordedOnceNow(operationId: string): Fragment {
  return sql`(
    SELECT e.user_id, e.session_id FROM security_events e WHERE e.id = ${operationId}::uuid AND e.at = now())`;
}

/**
 * The most events in one export, so that whoever floods an account with attempts cannot make its export too large to
 * send.
 */
const exportedEventsMax = 10_000;

/** A user's events, newest first; those beyond the limit are in the paged list of events. */
export const exportedEvents: ExportPart = {
  name: 'securityEvents',
  value: (owner) => sql`ARRAY(
    SELECT json_build_object('id', e.id, 'type', e.type, 'at', ${isoTime(sql`e.at`)}, 'outcome', e.outcome,
        'method', e.method, 'reason', e.reason, 'about', e.about, 'sessionId', e.session_id, 'ipAddress', e.ip_address,
        'userAgent', e.user_agent, 'location', e.location)
    FROM security_events e WHERE e.user_id = ${owner}.user_id
    ORDER BY e.at DESC, e.id DESC LIMIT ${exportedEventsMax}::int)`,
};
const nobody = { ipAddress: null, userAgent: null, location: null };

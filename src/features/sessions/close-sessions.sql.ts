import { type Fragment, sql } from '../../db/sql.ts';
import type { ClosingScope, Credentials, Ending, Occasion } from '../../joints/closing.ts';
import type { EventReason } from '../../joints/event-types.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { type EventKind, recordEvents } from '../security-events/index.ts';
import { type CallerIds, isUnderAnyId } from './live-session.sql.ts';

/**
 * A statement that ends sessions, records each, and answers how many `ended`. They are locked in the order of their ids,
 * as everywhere.
 * @param isEnded a condition over the session `s`
 */
export function endSessions(
  isEnded: Fragment,
  event: Pick<EventKind<'authn_token_revoked'>, 'reason' | 'isByOperator'>,
  metadata: RequestMetadata,
): Fragment {
  return sql`
    WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE ${isEnded} ORDER BY s.id FOR UPDATE),
    ended AS (
      DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
    ),
    recorded AS (${recordEvents(sql`ended`, { type: 'authn_token_revoked', outcome: 'success', ...event }, metadata)})
    SELECT count(*)::int AS ended FROM ended`;
}

/**
 * A statement that notes that somebody entered a wrong code for the second factor in a session: until the session passes it,
 * guesses at the account end it. Hold the user first.
 */
export function noteMissedSession({ userId, sessionId }: CallerIds): Fragment {
  return sql`
    UPDATE sessions s SET second_factor_missed_at = now()
    WHERE s.user_id = ${userId}::uuid AND ${isUnderAnyId(sql`s`, sessionId)}`;
}

/** What the record of an ended session says. */
const reasons: Readonly<Partial<Record<Occasion, EventReason<'authn_token_revoked'>>>> = {
  password_reset: 'password_reset',
  recovery_completed: 'password_reset',
  not_me: 'not_me',
  email_reverted: 'email_reverted',
  taken_over: 'email_verified',
  first_verified: 'email_verified',
  password_changed: 'password_change',
  second_factor_guessed: 'second_factor_guessed',
  signed_out_by_operator: 'admin',
  banned: 'admin',
};

/** Sessions. Which of them their owner signs out, `endOwnSessions` says; a theft ends the session of the token alone. */
export const sessionCredentials: Credentials<'session'> = {
  step: 'endSessions',
  cells: {
    session: {
      password_reset: 'ended',
      recovery_completed: 'ended',
      not_me: 'ended',
      email_reverted: 'ended',
      taken_over: 'others',
      first_verified: 'others',
      email_changed: 'kept',
      password_changed: 'others',
      signed_out_by_owner: 'chosen',
      signed_out_by_operator: 'ended',
      token_reused: 'chosen',
      two_factor_enabled: 'kept',
      two_factor_disabled: 'kept',
      two_factor_reset: 'kept',
      // Whoever entered no wrong code is not put out.
      second_factor_guessed: 'missed',
      identity_unlinked: 'kept',
      banned: 'ended',
      account_deleted: 'ended',
    },
  },
  close: closeSessions,
};

function closeSessions(ending: Ending<'session'>, scope: ClosingScope): Fragment {
  const { occasion, owner, actingSessionId, since, metadata } = scope;
  const isOther = ending.others.length > 0 ? sql`AND s.id IS DISTINCT FROM ${actingSessionId}::uuid` : sql``;
  const isLater = ending.since.length > 0 ? sql`AND s.created_at >= ${since ?? sql`NULL`}` : sql``;
  const isMissed = ending.missed.length > 0 ? sql`AND s.second_factor_missed_at IS NOT NULL` : sql``;
  const reason = reasons[occasion];
  const event = {
    ...(reason !== undefined && { reason }),
    ...(reason === 'admin' && { isByOperator: true as const }),
  };
  return endSessions(
    sql`s.user_id = (SELECT o.user_id FROM ${owner} o) ${isOther} ${isLater} ${isMissed}`,
    event,
    metadata,
  );
}

import { type Fragment, sql } from '../../db/sql.ts';
import { asksForSecondFactor } from '../../joints/ask-gates.sql.ts';
import type { SecondFactor } from '../../joints/second-factor.ts';
import { isVerificationDue } from '../users/index.ts';
import { type NewSession, sessionEnds } from './live-session.sql.ts';

/** How somebody has shown who they are. */
export interface Proof {
  /** As shown to people: `password`. */
  readonly method: string;
  /** For services (RFC 8176): `pwd`. */
  readonly amr: readonly string[];
  /** Whether it passes for a second factor as well, so that none is asked for. */
  readonly isSecondStep: boolean;
}

/** What decides whether a proof opens a session. */
export interface Opening {
  readonly proof: Proof;
  readonly session: NewSession;
  /** The second factors that accounts may ask for. */
  readonly secondFactors: readonly SecondFactor[];
  /** Whether an unverified address is refused, as with EMAIL_VERIFICATION=required. */
  readonly isVerificationRequired: boolean;
}

/**
 * The one statement that inserts into sessions: it opens a session for the user of `owner`, a sub-select with `user_id`,
 * unless the user is banned, still has to verify the address, or asks for a second factor that the proof is not. Hold the
 * user first. A repeat inserts nothing; by its id the session of the first run is found.
 */
export function beginSession(owner: Fragment, opening: Opening): Fragment {
  const { proof, session } = opening;
  return sql`
    INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
      body_counter, ip_address, user_agent, device, location, device_id)
    SELECT ${session.id}::uuid, u.id,
      now() + make_interval(secs => least(${session.ttlSeconds}::int, ${session.idleTtlSeconds}::int)),
      now() + make_interval(secs => ${session.ttlSeconds}::int), CASE WHEN ${proof.isSecondStep}::boolean THEN now() END,
      ${proof.method}, ${proof.amr}::text[],
      CASE WHEN ${session.hasCookieToken}::boolean THEN 0 END, CASE WHEN ${session.hasBodyToken}::boolean THEN 0 END,
      ${session.ipAddress}::inet, ${session.userAgent}::text, ${jsonOf(session.device)}::jsonb,
      ${jsonOf(session.location)}::jsonb, ${session.deviceId}::uuid
    FROM (${owner}) o JOIN users u ON u.id = o.user_id
    WHERE ${verdict(opening)} = 'session'
    ON CONFLICT (id) DO NOTHING`;
}

/** What the answer to a sign-in needs of the session that it began. */
export interface BegunRow {
  readonly session_id: string;
  /** Seconds since the epoch. */
  readonly auth_time: number;
  /** Seconds until unused refresh tokens of the session expire. */
  readonly expires_in: number;
}

/** Select list for a `BegunRow` over the session `s`. */
export function begunColumns(s: Fragment): Fragment {
  return sql`${s}.id AS session_id, ${sessionEnds(s)}`;
}

/** The session that this very transaction began, for what must happen once: a sub-select with `user_id` and `session_id`. */
export function begunNow({ id }: NewSession): Fragment {
  return sql`(SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = ${id}::uuid AND s.created_at = now())`;
}

/**
 * What the proof leads to for the user `u` of users: `session`; `challenge`, for which a second factor must follow;
 * `unverified`; `refused` for a banned user.
 */
export function verdict({ proof, secondFactors, isVerificationRequired }: Opening): Fragment {
  const u = sql`u`;
  const unverified = isVerificationRequired ? sql` WHEN ${isVerificationDue(u)} THEN 'unverified'` : sql``;
  const asksForMore = proof.isSecondStep
    ? sql``
    : sql` WHEN ${asksForSecondFactor(secondFactors, u)} THEN 'challenge'`;
  return sql`CASE WHEN u.banned_at IS NOT NULL THEN 'refused'${unverified}${asksForMore} ELSE 'session' END`;
}

function jsonOf(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

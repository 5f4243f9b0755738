import type { Fragment } from '../../../db/sql.ts';
import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import { type Device, readDevice } from '../../../request/device.ts';
import type { Location } from '../../../request/request-metadata.ts';
import type { EventRow } from '../record-events.sql.ts';
import { encodeEventCursor, parseEventCursor } from './event-cursor.ts';
import { findEvents } from './find-events.sql.ts';

const eventsPerAnswer = 50;

/** An event of an account, as its owner sees it. */
export interface SecurityEvent {
  readonly id: string;
  /** An event name of OWASP's Logging Vocabulary. */
  readonly type: string;
  /** Why, in one word, where the type leaves that open. */
  readonly reason: string | null;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly ipAddress: string | null;
  readonly location: Location | null;
  readonly device: Device | null;
  readonly outcome: 'success' | 'failure';
}

/**
 * Lists the events of an account, newest first, 50 at a time; `nextCursor` leads to the next ones and is
 * null at the end. New events shift none of them: each event is seen exactly once.
 * @param owner a sub-select with the `user_id` of a caller whose session is live, else empty: `liveCaller` of sessions
 * @param cursor undefined for the newest
 * @throws AuthError validation_failed for a malformed cursor, unauthenticated
 */
export async function listSecurityEvents(
  deps: Deps,
  owner: Fragment,
  cursor: string | undefined,
): Promise<{ readonly events: SecurityEvent[]; readonly nextCursor: string | null }> {
  const after = cursor === undefined ? null : requirePosition(cursor);
  // One more than is answered tells whether there are more.
  const rows = await findEvents(deps.db, owner, after, eventsPerAnswer + 1);
  if (rows === null) throw commonErrors.unauthenticated();
  const answered = rows.slice(0, eventsPerAnswer);
  const last = answered.at(-1);
  const nextCursor = rows.length > eventsPerAnswer && last !== undefined ? encodeEventCursor(last) : null;
  return { events: await toSecurityEvents(answered), nextCursor };
}

function requirePosition(cursor: string) {
  const position = parseEventCursor(cursor);
  if (position !== null) return position;
  const message = 'This must be a cursor from an earlier answer of this list.';
  throw commonErrors.validation_failed({ errors: [{ pointer: '/cursor', code: 'invalid', message }] });
}

/**
 * The events as their owner sees them. Browsers are named here rather than when the event is written: a flood of failed
 * logins must not pay for it, and most events of one answer come from one or two browsers.
 */
export async function toSecurityEvents(rows: readonly EventRow[]): Promise<SecurityEvent[]> {
  const agents = [...new Set(rows.map((row) => row.user_agent))];
  const devices = new Map(
    await Promise.all(agents.map(async (agent) => [agent, await readDevice(agent)] as const)),
  );
  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    reason: row.reason,
    at: row.at.toISOString(),
    ipAddress: row.ip_address,
    location: row.location,
    device: devices.get(row.user_agent) ?? null,
    outcome: row.outcome,
  }));
}

import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';
import { prepareLinkTo } from '../one-time-tokens/index.ts';
import { type SecurityEvent, toSecurityEvents } from '../security-events/index.ts';
import type { CallerIds } from '../sessions/index.ts';
import { disown, findDisowned } from './disown-event.sql.ts';
import { notMeErrors } from './errors.ts';

/** An event that can be disowned, and where the link goes. */
export interface FoundEvent {
  readonly event: SecurityEvent;
  readonly email: string;
}

/**
 * Reads an own event of the last seven days, for a page; null for none. Round trips: 1.
 * @throws AuthError unauthenticated
 */
export async function findEvent(
  deps: Deps,
  caller: CallerIds,
  eventId: string | null,
): Promise<FoundEvent | null> {
  const row = await requireCaller(deps, caller, eventId);
  const [event] = row.id === null ? [] : await toSecurityEvents([row]);
  return event === undefined ? null : { event, email: row.email };
}

/**
 * Disowns an event in a session: whoever it was is signed out, and the owner gets a not-me link, dated by the event, which
 * ends whatever else they have left. Over the budget of its mails none is sent, and a former link stands. Round trips: 2.
 * @throws AuthError unauthenticated, event_not_found
 */
export async function disownEvent(deps: Deps, caller: CallerIds, eventId: string): Promise<void> {
  const event = await requireCaller(deps, caller, eventId);
  if (event.id === null) throw notMeErrors.event_not_found();
  const link = await prepareLinkTo(deps, event.email, 'activity_disowned');
  const { credentials } = await deps.loadRules();
  const isDone = await disown(deps.db, caller, { event, link }, credentials, deps.metadata);
  if (!isDone) throw commonErrors.unauthenticated();
  deps.mail.sendSoon();
}

async function requireCaller({ db }: Deps, caller: CallerIds, eventId: string | null) {
  const row = await findDisowned(db, caller, eventId);
  if (row === null) throw commonErrors.unauthenticated();
  return row;
}

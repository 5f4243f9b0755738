import type { Address } from '../../../address/address-key.ts';
import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { type Credentials, closeWaysIn } from '../../../joints/closing.ts';
import type { EventReason } from '../../../joints/event-types.ts';
import type { PreparedMail } from '../../../mail/prepared-mail.ts';
import { queueMail } from '../../../mail/queue-mail.sql.ts';
import { type AttemptLimits, clearAttempts } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type Claim, claimOn } from '../../addresses/index.ts';
import type { PresentedDevice } from '../../known-devices/index.ts';
import { holderBucket, type LinkHolder, reserveHolderCheck } from '../../link-holder/index.ts';
import {
  consumedByUs,
  consumedNow,
  consumeToken,
  fromLiveToken,
  type NewOneTimeToken,
  type PresentedOneTimeToken,
} from '../../one-time-tokens/index.ts';
import { dropPendingRegistrations } from '../../pending-registrations/index.ts';
import { recordEvents } from '../../security-events/index.ts';
import { type CallerIds, fromLiveSession } from '../../sessions/index.ts';
import {
  changeEmail,
  isInRecovery,
  lockUserForUpdate,
  owners,
  type UserRow,
  userColumns,
} from '../../users/index.ts';
import { issueWayBack, unlessTaken } from '../../way-back/index.ts';

/** The account that asked for a change. */
export interface Mover extends LinkHolder {
  readonly user_id: string;
  /** The present address of the account. */
  readonly email: string;
  /** The address that the change gives it: canonical. */
  readonly target_email: string;
  readonly is_by_session: boolean;
  /** Whether the account is being recovered: then nothing is moved, nor a password checked. */
  readonly is_in_recovery: boolean;
}

/**
 * Returns the account of an e-mail change link and, if `isChecked` and the caller's session is none of it, reserves a check
 * of its password. Round trips: 1. Null when the token cannot be consumed, the account is banned or deleted, or the address
 * is somebody else's by now.
 */
export async function findMover(
  db: Database,
  presented: PresentedOneTimeToken,
  by: { readonly caller: CallerIds | null; readonly device: PresentedDevice; readonly isChecked: boolean },
  limits: AttemptLimits,
): Promise<Mover | null> {
  const { caller, device, isChecked } = by;
  const target = { email: sql`p.target_email`, keys: sql`ARRAY[p.target_key]` };
  const mover = sql`
    SELECT u.id AS user_id, u.email, u.password_hash, u.device_generation, u.address_key, p.target_email,
      ${isInRecovery(sql`u`)} AS is_in_recovery,
      ${caller === null ? sql`false` : sql`EXISTS (SELECT ${fromLiveSession(caller)} AND s.user_id = p.owner_id)`} AS is_by_session
    FROM (SELECT t.owner_id, t.target_email ${fromLiveToken(presented)}) p JOIN users u ON u.id = p.owner_id
    WHERE u.banned_at IS NULL`;
  const isReserved = isChecked ? sql`NOT (c.is_by_session OR c.is_in_recovery)` : false;
  const steps = {
    judge: sql<{ readonly claim: Claim }>`
      SELECT ${claimOn(target, { selfId: sql`p.owner_id`, isMailboxProved: true })} AS claim
      FROM (SELECT t.owner_id, t.target_email, t.target_key ${fromLiveToken(presented)}) p`,
    find: reserveHolderCheck<Mover>(mover, holderBucket(sql`o`, device), isReserved, limits),
  };
  const { judge, find } = await db.batch('find-mover', steps, { isIdempotent: true });
  const claim = judge[0]?.claim;
  if (claim !== 'free' && claim !== 'own') return null;
  return find[0] ?? null;
}

/** A change whose link was followed by somebody who has shown that the account is theirs. */
export interface Confirmation {
  readonly presented: PresentedOneTimeToken;
  readonly mover: Mover;
  /** The session that showed it; null where the password did. */
  readonly caller: CallerIds | null;
  readonly address: Address;
  /** The way back for the address that is left, and the mail that tells it. */
  readonly revertToken: NewOneTimeToken;
  readonly mail: PreparedMail;
}

/**
 * Changes the address and tells the former one, with a way back: all or nothing. Round trips: 1. Null when the token was
 * consumed, or the account changed, banned or deleted, since it was read, when what was shown no longer holds, and when
 * somebody else has the address or can have it back; `taken` when they took it in this very moment.
 *
 * The user is held first, so that links that were issued for the former address in the meantime end as well. What says
 * how the address was left comes before it changes. A first verification ends no session here: the account's own password
 * or session made the change.
 */
export async function confirmChange(
  db: Database,
  { presented, mover, caller, address, revertToken, mail }: Confirmation,
  metadata: RequestMetadata,
  credentials: readonly Credentials[],
): Promise<UserRow | 'taken' | null> {
  const { operationId } = metadata;
  const done = consumedByUs(presented, operationId);
  const once = consumedNow(presented, operationId);
  const steps = {
    holdUser: lockUserForUpdate(mover.user_id),
    consume: consumeToken(entitled({ mover, caller, address }), presented, operationId),
    record: recordEvents(
      happened(once),
      { type: 'user_updated', outcome: 'success', hasSourceReason: true },
      metadata,
    ),
    issueWayBack: issueWayBack(once, revertToken),
    tellFormerAddress: queueMail(owners(once), mail, { countedIf: sql`NOT s.is_verified` }, metadata),
    dropRegistrations: dropPendingRegistrations(sql`(SELECT o.target_email AS email FROM ${once} o)`),
    change: changeEmail(once),
    ...closeWaysIn(credentials, {
      ...{
        occasion: 'email_changed',
        owner: done,
        ownerOnce: once,
        actingSessionId: caller?.sessionId ?? null,
      },
      ...{ since: null, metadata },
    }),
    clearAttempts: caller === null ? clearAttempts(mover.bucket, once) : null,
    answer: sql<UserRow>`SELECT ${userColumns(sql`u`)} FROM ${done} d JOIN users u ON u.id = d.user_id`,
  };
  const results = await unlessTaken(() => db.batch('confirm-email-change', steps, { isIdempotent: true }));
  if (results === null) return 'taken';
  return results.answer[0] ?? null;
}

/**
 * The account while what was read of it, and shown for it, still holds, and the address is free for it. A recovery that has begun
 * since has ended the link (LNK-21).
 */
function entitled({ mover, caller, address }: Pick<Confirmation, 'mover' | 'caller' | 'address'>): Fragment {
  const claim = claimOn(address, { selfId: mover.user_id, isMailboxProved: true });
  const isMover = sql`u.id = ${mover.user_id}::uuid AND u.email = ${mover.email} AND ${claim} IN ('free', 'own')`;
  return caller === null
    ? sql`(
        SELECT u.id AS user_id FROM users u
        WHERE ${isMover} AND u.banned_at IS NULL AND u.password_hash = ${mover.password_hash})`
    : sql`(SELECT u.id AS user_id ${fromLiveSession(caller)} AND ${isMover} FOR KEY SHARE OF s)`;
}

/** What the record says: a first verification as well, where the address that is left was never verified. */
function happened(once: Fragment): Fragment {
  const reasons: EventReason<'user_updated'>[] = ['email_changed', 'email_verified'];
  return sql`(
    SELECT o.user_id, NULL::uuid AS session_id, r.reason
    FROM ${once} o JOIN users u ON u.id = o.user_id, unnest(${reasons}::text[]) AS r (reason)
    WHERE r.reason = 'email_changed' OR u.email_verified_at IS NULL)`;
}

import type { Address } from '../../../address/address-key.ts';
import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { passesGates, refusedBy } from '../../../joints/ask-gates.sql.ts';
import type { GatedRow, GateRules } from '../../../joints/gate.ts';
import type { MailClient } from '../../../mail/mail-client.ts';
import type { PreparedMail } from '../../../mail/prepared-mail.ts';
import {
  clientHasRoom,
  hasMailedNow,
  holdClient,
  holdRecipient,
  queueMail,
  queueNotice,
} from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type Claim, claimOn } from '../../addresses/index.ts';
import {
  endOtherChanges,
  fromHeldAddress,
  isOfVerifiedAddress,
  issuedNow,
  issueToken,
  type NewOneTimeToken,
} from '../../one-time-tokens/index.ts';
import { recordEvents } from '../../security-events/index.ts';
import { type CallerIds, fromLiveSession } from '../../sessions/index.ts';
import { hasAddress, lockUser, recipientColumns } from '../../users/index.ts';

/** A change of the address that a signed-in user asks for. */
export interface RequestedChange {
  readonly address: Address;
  readonly token: NewOneTimeToken;
  readonly mail: PreparedMail;
  readonly client: MailClient;
}

export interface RequestedChangeRow extends GatedRow {
  readonly claim: Claim;
}

/**
 * Stores the token of a change and queues the mail with its link. Round trips: 1. Null when the session is not live.
 *
 * When another account has the address, or can have it back, the same rows are written: a token that nobody ever gets,
 * and a notice instead of the mail, which is queued where nobody had to be told. Earlier changes to other addresses end
 * whatever became of this one, so that their fate tells nothing; links to the same address stay, since the mail of this
 * one may be over the address's budget.
 *
 * The session is held after its user: a password change that this waited for may have ended it.
 */
export async function requestChange(
  db: Database,
  caller: CallerIds,
  change: RequestedChange,
  metadata: RequestMetadata,
  gateRules: GateRules,
): Promise<RequestedChangeRow | null> {
  const { address, token, mail, client } = change;
  const { email, keys } = address;
  const asked = sql`(SELECT i.user_id, ${caller.sessionId}::uuid AS session_id FROM ${issuedNow(token)} i WHERE i.created_at = now())`;
  const newAddress = sql`
    SELECT a.user_id, ${email}::text AS recipient, ${keys[0]}::text AS recipient_key, false AS is_verified, u.locale
    FROM ${asked} a JOIN users u ON u.id = a.user_id`;
  // The mailbox will be proved by the link, so that a corrected address is free here.
  const claim = claimOn(address, { selfId: caller.userId, isMailboxProved: true });
  const steps = {
    holdClient: holdClient(client),
    holdUser: lockUser(caller.userId),
    judge: sql<RequestedChangeRow>`SELECT ${refusedBy(gateRules)} AS refused_by, ${claim} AS claim ${fromLiveSession(caller)} FOR KEY SHARE OF s`,
    issue: issueToken(
      sql`(
        SELECT u.id AS user_id ${fromLiveSession(caller)} AND ${passesGates(gateRules)}
          AND ${claim} NOT IN ('own', 'reserved') AND ${clientHasRoom(client, mail.id)})`,
      token,
      {
        ...{ owner: sql`s.user_id`, email: sql`${email}` },
        ...{ target: sql`${email}`, targetKey: sql`${keys[0]}` },
      },
    ),
    record: recordEvents(asked, requested, metadata),
    endOthers: endOtherChanges(asked, token, email),
    holdRecipient: holdRecipient(newAddress),
    tellOwner: queueNotice(
      sql`SELECT ${recipientColumns(sql`x`)} FROM ${asked} a, users x
        WHERE ${hasAddress(sql`x`, address)} AND x.id <> a.user_id LIMIT 1`,
      'email_taken',
      { client },
      metadata,
    ),
    tellFormerOwner: queueNotice(formerOwner(address, caller, token), 'email_taken', { client }, metadata),
    mailNewAddress: queueMail(
      sql`${newAddress} WHERE NOT ${hasMailedNow(client, metadata)}`,
      mail,
      { client },
      metadata,
    ),
  };
  const { judge: rows } = await db.batch('request-email-change', steps, { isIdempotent: true });
  return rows[0] ?? null;
}

const requested = { type: 'user_updated', outcome: 'success', reason: 'email_change_requested' } as const;

/** Whoever else can have the address back, as a recipient there. */
function formerOwner(address: Address, { userId }: CallerIds, token: NewOneTimeToken): Fragment {
  return sql`SELECT t.owner_id AS user_id, t.target_email AS recipient, ${address.keys[0]}::text AS recipient_key,
      ${isOfVerifiedAddress} AS is_verified, (SELECT u.locale FROM users u WHERE u.id = t.owner_id) AS locale
    ${fromHeldAddress(address, { exceptUserId: userId, isMailboxProved: true })} AND EXISTS (
      SELECT FROM ${issuedNow(token)} i WHERE i.created_at = now()) LIMIT 1`;
}

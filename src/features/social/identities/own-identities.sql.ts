import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { isoTime } from '../../../db/texts.sql.ts';
import type { Rules } from '../../../deps.ts';
import { passesGates, refusedBy } from '../../../joints/ask-gates.sql.ts';
import { closeWaysIn } from '../../../joints/closing.ts';
import type { GatedRow, GateRules } from '../../../joints/gate.ts';
import { queueNotice } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { recordEvents, recordedByUs, recordedNow } from '../../security-events/index.ts';
import { type CallerIds, fromLiveSession, keepSession } from '../../sessions/index.ts';
import { lockUser, owners } from '../../users/index.ts';
import { endIdentities } from '../close-identities.sql.ts';

/** An identity of the caller's account, as the API shows it. */
export interface Identity {
  /** The id of the provider. */
  readonly provider: string;
  /** What the provider said when it was linked; null where it vouched for none. */
  readonly email: string | null;
  /** ISO 8601, UTC. */
  readonly linkedAt: string;
}

/** Lists the caller's identities, oldest first. Round trips: 1. Null when the session is not live. */
export async function listOwnIdentities(db: Database, caller: CallerIds): Promise<Identity[] | null> {
  const rows = await db.query<{ [Column in keyof Identity]: Identity[Column] | null }>(
    'list-identities',
    sql`
      SELECT i.provider, i.email, ${isoTime(sql`i.created_at`)} AS "linkedAt"
      FROM (SELECT s.user_id ${fromLiveSession(caller)}) c LEFT JOIN identities i ON i.user_id = c.user_id
      ORDER BY i.created_at, i.id`,
    { isIdempotent: true },
  );
  return rows.length === 0 ? null : rows.filter((row): row is Identity => row.provider !== null);
}

/** What the caller wants to lose. */
export interface Unlinking {
  readonly caller: CallerIds;
  readonly providerId: string;
  /** As people know it. */
  readonly providerName: string;
  /** The ids of the configured providers: no other lets anybody in. */
  readonly usableProviders: readonly string[];
}

/** What came of unlinking. */
export interface UnlinkedRow extends GatedRow {
  /** Whether the account still has the identity. */
  readonly is_linked: boolean;
  /** Whether this request ended it. */
  readonly is_ended: boolean;
}

/**
 * Ends the caller's identity of a provider, and what half a sign-in by it may have left, unless nothing else would let them
 * in: a password, or an identity of another provider that is configured (LNK-08). The owner is told. Round trips: 1. Null
 * when the session is not live.
 */
export async function unlinkIdentity(
  db: Database,
  { caller, providerId, providerName, usableProviders }: Unlinking,
  rules: Pick<Rules, keyof GateRules | 'credentials'>,
  metadata: RequestMetadata,
): Promise<UnlinkedRow | null> {
  const { userId } = caller;
  const { operationId } = metadata;
  const isIt = sql`i.provider = ${providerId}`;
  const owner = sql`(
    SELECT s.user_id, s.id AS session_id ${fromLiveSession(caller)} AND ${passesGates(rules)}
      AND EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND ${isIt})
      AND (u.password_hash IS NOT NULL OR EXISTS (
        SELECT FROM identities i WHERE i.user_id = u.id AND NOT (${isIt}) AND i.provider = ANY (${usableProviders}::text[]))))`;
  const once = recordedNow(userId, operationId);
  const ended = sql`EXISTS (${recordedByUs(userId, operationId)})`;
  const { answer } = await db.batch(
    'unlink-identity',
    {
      holdUser: lockUser(userId),
      keepSession: keepSession(caller, sql`s.id`),
      record: recordEvents(
        owner,
        { type: 'user_updated', outcome: 'success', method: providerId, reason: 'identity_unlinked' },
        metadata,
      ),
      endIdentity: endIdentities(isIt, once),
      ...closeWaysIn(rules.credentials, {
        occasion: 'identity_unlinked',
        owner: sql`(SELECT ${userId}::uuid AS user_id WHERE ${ended})`,
        ownerOnce: once,
        actingSessionId: caller.sessionId,
        ...{ since: null, metadata },
      }),
      tellOwner: queueNotice(owners(once), 'identity_unlinked', 'recipient', metadata, {
        provider: providerName,
      }),
      answer: sql<UnlinkedRow>`
        SELECT ${refusedBy(rules)} AS refused_by, ${ended} AS is_ended,
          EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND ${isIt}) AS is_linked
        ${fromLiveSession(caller)}`,
    },
    { isIdempotent: true },
  );
  return answer[0] ?? null;
}

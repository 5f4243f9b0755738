import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { asksForSecondFactor, passesGates, refusedBy } from '../../../joints/ask-gates.sql.ts';
import type { GatedRow, GateRules } from '../../../joints/gate.ts';
import { queueNotice } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type EventKind, recordEvents, recordedByUs } from '../../security-events/index.ts';
import { type CallerIds, fromLiveSession } from '../../sessions/index.ts';
import { lockUser, owners } from '../../users/index.ts';
import { storeBackupCodes } from './store-backup-codes.sql.ts';

const renewed: EventKind = { type: 'user_updated', outcome: 'success', reason: 'backup_codes_renewed' };

export interface ReplacedRow extends GatedRow {
  /** Whether the account asks for a second factor: else nothing was stored. */
  readonly is_enabled: boolean;
}

/**
 * Replaces the backup codes of the caller: the earlier set is dead. Round trips: 1. Null when the session is not live. A
 * repeat after a lost response stores, records and mails nothing again.
 */
export async function replaceBackupCodes(
  db: Database,
  caller: CallerIds,
  hashes: readonly string[],
  gateRules: GateRules,
  metadata: RequestMetadata,
): Promise<ReplacedRow | null> {
  const isEnabled = asksForSecondFactor(gateRules.secondFactors, sql`u`);
  const admitted = sql`(SELECT s.user_id ${fromLiveSession(caller)} AND ${passesGates(gateRules)} AND ${isEnabled}
      AND NOT EXISTS (${recordedByUs(caller.userId, metadata.operationId, renewed.type)}))`;
  const once = sql`(
    SELECT b.user_id, ${caller.sessionId}::uuid AS session_id FROM backup_codes b
    WHERE b.user_id = ${caller.userId}::uuid AND b.code_hash = decode(${hashes[0]}::text, 'hex') AND b.created_at = now())`;
  const steps = {
    holdUser: lockUser(caller.userId),
    judge: sql<ReplacedRow>`SELECT ${refusedBy(gateRules)} AS refused_by, ${isEnabled} AS is_enabled ${fromLiveSession(caller)}`,
    store: storeBackupCodes(admitted, hashes),
    record: recordEvents(once, renewed, metadata),
    tellOwner: queueNotice(owners(once), 'backup_codes_renewed', 'recipient', metadata),
  };
  const { judge } = await db.batch('replace-backup-codes', steps, { isIdempotent: true });
  return judge[0] ?? null;
}

import type { Database } from '../../../db/client.ts';
import { join, sql } from '../../../db/sql.ts';
import type { Rules } from '../../../deps.ts';
import { passesGates, refusedBy } from '../../../joints/ask-gates.sql.ts';
import type { GatedRow, GateRules } from '../../../joints/gate.ts';
import {
  type AttemptLimits,
  reserveAttempt,
  reservedBy,
  secondsUntilOpen,
} from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { recordEvents } from '../../security-events/index.ts';
import { type CallerIds, fromLiveSession, keepSession } from '../../sessions/index.ts';
import { keepUser } from '../../users/index.ts';

export interface ExportRow extends GatedRow {
  /** The parts by name; null when a gate refused, or no export was left. */
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly retry_after_seconds: number;
}

/**
 * Reads all parts about the caller in one snapshot, counts the export and records it. Round trips: 1. Null when the
 * session is no longer live. What a gate or the limit refuses is neither read, counted nor recorded, and a repeat after a
 * lost response counts and records nothing again.
 *
 * The user is kept from being deleted, so that no counter outlives the account; the session from ending, so that nothing
 * is read for one that ended while this waited for another export.
 */
export async function exportOwnData(
  db: Database,
  caller: CallerIds,
  { exportParts, ...gateRules }: GateRules & Pick<Rules, 'exportParts'>,
  limits: AttemptLimits,
  metadata: RequestMetadata,
): Promise<ExportRow | null> {
  const bucket = `user:${caller.userId}:export`;
  const admitted = sql`(SELECT ${bucket}::text AS bucket ${fromLiveSession(caller)} AND ${passesGates(gateRules)})`;
  const reserved = reservedBy(bucket, metadata.operationId, limits);
  const members = exportParts.map(({ name, value }) => sql`${name}::text, ${value(sql`c`)}`);
  const { keepSession: rows, read } = await db.batch(
    'export-own-data',
    {
      keepUser: keepUser(caller.userId),
      keepSession: keepSession<GatedRow>(caller, sql`${refusedBy(gateRules)} AS refused_by`),
      reserve: reserveAttempt(admitted, metadata.operationId, limits, 'uncounted'),
      read: sql<Omit<ExportRow, 'refused_by'>>`
        SELECT ${secondsUntilOpen(sql`c`, limits)} AS retry_after_seconds,
          CASE WHEN ${reserved} THEN json_build_object(${join(members, ', ')}) END AS data
        FROM (SELECT ${caller.userId}::uuid AS user_id, ${bucket}::text AS bucket) c`,
      record: recordEvents(
        sql`(SELECT ${caller.userId}::uuid AS user_id, ${caller.sessionId}::uuid AS session_id WHERE ${reserved})`,
        { type: 'sensitive_read', outcome: 'success', reason: 'account_export', isOncePerRequest: true },
        metadata,
      ),
    },
    { isIdempotent: true },
  );
  const [held] = rows;
  const [found] = read;
  return held === undefined || found === undefined ? null : { ...held, ...found };
}

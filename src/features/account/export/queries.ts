import type { Database } from '../../../db/client.ts';
import type { Effect } from '../../../db/effects.ts';
import type { ExportPart } from '../../../db/export-part.ts';
import { effectCtes } from '../../../db/fragments.ts';
import { join, sql } from '../../../db/sql.ts';
import type { RequestMetadata } from '../../../request-metadata.ts';
import { recordedBefore } from '../../security-events/index.ts';
import { type CallerIds, fromLiveSession, isRecentlyAuthenticated } from '../../sessions/index.ts';

export interface ExportRow {
  readonly is_recent: boolean;
  /** The parts by name; null when the authentication is too old. */
  readonly data: Readonly<Record<string, unknown>> | null;
}

/**
 * Reads all parts about the caller in one snapshot, and records the reading, once per request. Round trips: 1. Null
 * when the session is no longer live. Nothing is read or recorded when the authentication is too old.
 */
export async function exportOwnData(
  db: Database,
  caller: CallerIds,
  parts: readonly ExportPart[],
  metadata: RequestMetadata,
  onExported: readonly Effect[],
): Promise<ExportRow | null> {
  const members = parts.map(({ name, value }) => sql`${name}::text, ${value(sql`c`)}`);
  const [row] = await db.query<ExportRow>(
    'export-own-data',
    sql`
      WITH caller AS MATERIALIZED (
        SELECT s.user_id, s.id AS session_id, ${isRecentlyAuthenticated(sql`s`)} AS is_recent ${fromLiveSession(caller)}
      ),
      exported AS (
        SELECT c.user_id, c.session_id FROM caller c
        WHERE c.is_recent AND NOT EXISTS (${recordedBefore(caller.userId, metadata.operationId)})
      )${effectCtes(onExported, 'exported', metadata)}
      SELECT c.is_recent, CASE WHEN c.is_recent THEN json_build_object(${join(members, ', ')}) END AS data
      FROM caller c`,
    { isIdempotent: true },
  );
  return row ?? null;
}

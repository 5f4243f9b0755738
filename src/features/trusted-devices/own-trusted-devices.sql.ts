import type { Database } from '../../db/client.ts';
import { deletesDue } from '../../db/delete-due.sql.ts';
import { sql } from '../../db/sql.ts';
import { isoTime } from '../../db/texts.sql.ts';
import type { Device } from '../../request/device.ts';
import type { Location, RequestMetadata } from '../../request/request-metadata.ts';
import { recordEvents, recordedByUs } from '../security-events/index.ts';
import { type CallerIds, fromLiveSession } from '../sessions/index.ts';
import { lockUser } from '../users/index.ts';

/** Times are ISO 8601, UTC. */
export interface TrustedDeviceRow {
  /** Null in the one row of a caller who trusts no device. */
  readonly id: string | null;
  readonly device: Device | null;
  readonly location: Location | null;
  readonly addedAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}

/** Returns the devices that the caller trusts, latest use first. Round trips: 1. Empty when the session is not live. */
export function findTrustedDevices(db: Database, caller: CallerIds): Promise<TrustedDeviceRow[]> {
  const statement = sql<TrustedDeviceRow>`
    SELECT d.id, d.device, d.location, ${isoTime(sql`d.created_at`)} AS "addedAt",
      ${isoTime(sql`d.last_used_at`)} AS "lastUsedAt", ${isoTime(sql`d.expires_at`)} AS "expiresAt"
    FROM (SELECT s.user_id ${fromLiveSession(caller)}) c
    LEFT JOIN trusted_devices d ON d.user_id = c.user_id AND d.expires_at > now()
    ORDER BY d.last_used_at DESC, d.id`;
  return db.query('find-trusted-devices', statement, { isIdempotent: true });
}

/**
 * Ends the trust in one device of the caller, and records that. Round trips: 1.
 * @returns whether there was one; null when the session is not live. A repeat after a lost response finds the record.
 */
export async function forgetTrustedDevice(
  db: Database,
  caller: CallerIds,
  id: string | null,
  metadata: RequestMetadata,
): Promise<boolean | null> {
  const { userId, operationId } = { ...caller, ...metadata };
  const forgotten = sql`
    WITH forgotten AS (
      DELETE FROM trusted_devices d USING (SELECT s.user_id, s.id AS session_id ${fromLiveSession(caller)}) c
      WHERE d.id = ${id}::uuid AND d.user_id = c.user_id AND d.expires_at > now()
      RETURNING c.user_id, c.session_id
    )
    ${recordEvents(sql`forgotten`, { type: 'authn_token_revoked', outcome: 'success', reason: 'trusted_device' }, metadata)}`;
  const steps = {
    holdUser: lockUser(userId),
    findCaller: sql`SELECT s.id ${fromLiveSession(caller)}`,
    forget: forgotten,
    answer: recordedByUs(userId, operationId),
  };
  const { findCaller, answer } = await db.batch('forget-trusted-device', steps, { isIdempotent: true });
  return findCaller.length === 0 ? null : answer.length > 0;
}

/** Deletes devices that are not trusted any longer. */
export const cleanupTrustedDevices = deletesDue('clean-up-trusted-devices', {
  ...{ table: 'trusted_devices', at: 'expires_at' },
});

import type { ExportPart } from '../../db/export-part.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { isoTime } from '../../db/texts.sql.ts';
import { isTwoFactorResetPending } from '../users/index.ts';

/** The methods that an account with a second factor has left: a text[] over the user `u` of users. */
export function methodsLeft(u: Fragment): Fragment {
  const hasBackupCode = sql`EXISTS (SELECT FROM backup_codes b WHERE b.user_id = ${u}.id AND b.used_at IS NULL)`;
  return sql`CASE WHEN ${hasBackupCode} THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END`;
}

/** Factors, backup codes and when second steps were completed; no secret, hash, counter or id of a device. */
export const exportedTwoFactor: ExportPart = {
  name: 'twoFactor',
  value: (owner) => sql`json_build_object(
    'factors', ARRAY(
      SELECT json_build_object('id', f.id, 'kind', f.kind, 'name', f.name,
          'startedAt', ${isoTime(sql`f.created_at`)}, 'addedAt', ${isoTime(sql`f.added_at`)},
          'lastUsedAt', ${isoTime(sql`f.last_used_at`)})
      FROM factors f WHERE f.user_id = ${owner}.user_id ORDER BY f.created_at, f.id),
    'backupCodes', ARRAY(
      SELECT json_build_object('createdAt', ${isoTime(sql`b.created_at`)}, 'usedAt', ${isoTime(sql`b.used_at`)})
      FROM backup_codes b WHERE b.user_id = ${owner}.user_id ORDER BY b.created_at, b.used_at),
    'devices', ARRAY(
      SELECT json_build_object('completedAt', ${isoTime(sql`d.completed_at`)},
          'lastMissedAt', ${isoTime(sql`d.last_missed_at`)})
      FROM second_factor_devices d WHERE d.user_id = ${owner}.user_id
      ORDER BY d.completed_at, d.last_missed_at),
    'resetAt', (
      SELECT ${isoTime(sql`u.two_factor_reset_at`)} FROM users u
      WHERE u.id = ${owner}.user_id AND ${isTwoFactorResetPending(sql`u`)}))`,
};

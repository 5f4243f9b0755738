import type { ExportPart } from '../../db/export-part.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { isoTime } from '../../db/texts.sql.ts';
import { type NewTrustedDevice, trustTtlSeconds } from './new-trusted-device.ts';
import type { TrustEntry } from './trusted-device-token.ts';

/** The most trusted devices of an account; a further one ends that which was not used for longest (SES-20). */
const trustedDevicesMax = 20;

/** Whether the user `u` of users trusts the device that presented these entries. */
export function isTrustedBy(u: Fragment, presented: readonly TrustEntry[]): Fragment {
  return sql`${u}.id IN (
    SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY (${idsOf(presented)}::uuid[]) AND d.expires_at > now())`;
}

/**
 * A statement that makes a device one that the user in `owner` trusts, a sub-select with `user_id`, for 30 days: it is
 * not asked for the second factor. What the same device had is replaced, and the oldest beyond the limit end. Hold the
 * user first. A repeat adds nothing.
 */
export function trustDevice(
  owner: Fragment,
  { id, device, location, presented }: NewTrustedDevice,
): Fragment {
  return sql`
    WITH added AS (
      INSERT INTO trusted_devices (id, user_id, device, location, expires_at)
      SELECT ${id}::uuid, o.user_id, ${device && JSON.stringify(device)}::jsonb,
        ${location && JSON.stringify(location)}::jsonb, now() + make_interval(secs => ${trustTtlSeconds}::int)
      FROM ${owner} o
      ON CONFLICT (id) DO NOTHING
      RETURNING user_id
    )
    DELETE FROM trusted_devices d USING added a
    WHERE d.user_id = a.user_id AND (d.id = ANY (${idsOf(presented)}::uuid[]) OR d.id IN (
      SELECT x.id FROM trusted_devices x WHERE x.user_id = a.user_id
      ORDER BY x.last_used_at DESC, x.id OFFSET ${trustedDevicesMax - 1}::int))`;
}

/** A statement that notes that the user in `owner`, a sub-select with `user_id`, has just signed in on a trusted device. */
export function noteTrustUsed(owner: Fragment, presented: readonly TrustEntry[]): Fragment {
  return sql`
    UPDATE trusted_devices d SET last_used_at = now() FROM ${owner} o
    WHERE d.id = ANY (${idsOf(presented)}::uuid[]) AND d.user_id = o.user_id AND d.expires_at > now()`;
}

/** A user's trusted devices; the tokens are not stored. */
export const exportedTrustedDevices: ExportPart = {
  name: 'trustedDevices',
  value: (owner) => sql`ARRAY(
    SELECT json_build_object('id', d.id, 'device', d.device, 'location', d.location,
        'addedAt', ${isoTime(sql`d.created_at`)}, 'lastUsedAt', ${isoTime(sql`d.last_used_at`)},
        'expiresAt', ${isoTime(sql`d.expires_at`)})
    FROM trusted_devices d WHERE d.user_id = ${owner}.user_id ORDER BY d.created_at DESC, d.id)`,
};

function idsOf(entries: readonly TrustEntry[]): string[] {
  return entries.map(({ id }) => id);
}

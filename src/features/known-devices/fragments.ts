import { type Fragment, sql } from '../../db/sql.ts';
import type { PresentedDevice } from './device-token.ts';

/**
 * The device's id as text if the device is known to the user of the row `u` (columns `user_id`, `device_generation`),
 * else null: the user never signed in on it, or all known devices have been forgotten since.
 */
export function knownDeviceId(u: Fragment, { id, accounts }: PresentedDevice): Fragment {
  const userIds = accounts.map(({ userId }) => userId);
  const generations = accounts.map(({ generation }) => generation);
  return sql`(
      SELECT ${id}::text FROM unnest(${userIds}::uuid[], ${generations}::int[]) AS k (id, gen)
      WHERE k.id = ${u}.user_id AND k.gen = ${u}.device_generation LIMIT 1)`;
}

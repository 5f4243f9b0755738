import { type Fragment, sql } from '../../db/sql.ts';
import type { PresentedDevice } from './device-token.ts';

/**
 * The device's id as text if the device is known to the user of the row `u` (columns `user_id`, `device_generation`),
 * else null: the user never signed in on it, or all known devices have been forgotten since.
 */
export function knownDeviceId(u: Fragment, { id, accounts }: PresentedDevice): Fragment {
  const userIds = accounts.map(({ userId }) => userId);
  const generations = accounts.map(({ generation }) => generation);
  return sql`CASE WHEN EXISTS (
      SELECT 1 FROM unnest(${userIds}::uuid[], ${generations}::int[]) AS k (user_id, generation)
      WHERE k.user_id = ${u}.user_id AND k.generation = ${u}.device_generation
    ) THEN ${id}::text END`;
}

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

/**
 * The device's id as text if its token is of an account of the user `userId`, whether it is still known to that or not: for
 * counts that know the device by itself.
 */
export function ownDeviceId(userId: Fragment, { id, accounts }: PresentedDevice): Fragment {
  const userIds = accounts.map((account) => account.userId);
  return sql`CASE WHEN ${userId} = ANY (${userIds}::uuid[]) THEN ${id}::text END`;
}

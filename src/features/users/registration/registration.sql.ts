import { type Fragment, sql } from '../../../db/sql.ts';
import { reserveAttempt } from '../../../rate-limit/attempts.sql.ts';
import { type RegistrationCount, registrationLimits } from './registration-count.ts';

const { perClient, perNetwork } = registrationLimits;

/**
 * The first steps of a registration: it counts for the client and then for its network. Over either limit nothing is
 * counted, and `isRegistrationCounted` is false for the steps that follow.
 */
export function countRegistration(count: RegistrationCount) {
  const { id, bucketOfAddress, networkBucket } = count;
  const networkHasRoom =
    networkBucket === null
      ? sql`true`
      : sql`NOT EXISTS (SELECT ${fromFullBuckets(count)} AND t.bucket = ${networkBucket})`;
  const client = sql`(SELECT ${bucketOfAddress}::text AS bucket WHERE ${networkHasRoom})`;
  const network = sql`(SELECT ${networkBucket}::text AS bucket WHERE ${isCountedIn(bucketOfAddress, id)})`;
  return {
    countClient: reserveAttempt(client, id, perClient, 'uncounted'),
    countNetwork: networkBucket === null ? null : reserveAttempt(network, id, perNetwork, 'uncounted'),
  };
}

/** Whether the registration was counted, and so may go on. */
export function isRegistrationCounted({ id, bucketOfAddress, networkBucket }: RegistrationCount): Fragment {
  return isCountedIn(networkBucket ?? bucketOfAddress, id);
}

/** The seconds until there is room for a registration that was not counted, as a scalar; null for one that was. */
export function secondsUntilRoomToRegister(count: RegistrationCount): Fragment {
  return sql`(
    SELECT ceil(extract(epoch FROM max(t.window_ends_at) - now()))::int ${fromFullBuckets(count)} AND NOT ${isRegistrationCounted(count)})`;
}

function isCountedIn(bucket: string, id: string): Fragment {
  return sql`EXISTS (SELECT FROM login_attempts c WHERE c.bucket = ${bucket} AND c.last_attempt_id = ${id}::uuid)`;
}

function fromFullBuckets({ bucketOfAddress, networkBucket }: RegistrationCount): Fragment {
  return sql`FROM login_attempts t
    WHERE t.bucket = ANY (${[bucketOfAddress, networkBucket]}::text[]) AND t.window_ends_at > now()
      AND t.count >= CASE WHEN t.bucket = ${bucketOfAddress} THEN ${perClient.max}::int ELSE ${perNetwork.max}::int END`;
}

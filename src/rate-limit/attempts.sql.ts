import { type Fragment, sql } from '../db/sql.ts';

/** The number of attempts of a bucket, and how long they count from the first one. */
export interface AttemptLimits {
  readonly max: number;
  readonly windowSeconds: number;
}

/**
 * The name of the bucket in which an attempt counts: that of the account and of the device, if the account knows the
 * device; all untrusted devices share one bucket, stored as `world`. `subject` names the account, `deviceId` is null
 * for an untrusted device.
 */
export function attemptBucket(subject: Fragment, deviceId: Fragment): Fragment {
  return sql`${subject} || ':' || coalesce(${deviceId}::text, 'world')`;
}

/**
 * The subject of attempts at the account `u`, an alias with `user_id` and `address_key`: the key of its address, as for
 * every login. The id stands in for an account that has no key yet.
 */
export function accountSubject(u: Fragment): Fragment {
  return sql`coalesce(${u}.address_key, 'user:' || ${u}.user_id)`;
}

/** An attempt that was counted. */
export interface CountedAttempt {
  readonly bucket: string;
  /** In the window; 1 for the first. */
  readonly number: number;
}

/**
 * Body of a CTE that counts one attempt in the bucket that the CTE `source` names, and returns its `number` in the
 * window. An attempt with a number above `max` must not be checked: `max` + 1 is the first refusal of the window, and
 * later ones get no row and write nothing. Parallel callers wait for each other on the row, so that a burst of any
 * size gets exactly as many numbers as the limit allows (LIM-03).
 *
 * A retry with the same `attemptId`, a UUID, gets the same number, except for the first refusal; if another attempt
 * came in between, it counts once more, never once less.
 *
 * If refusals are `uncounted`, the first one gets no row either, and the next counted caller gets it.
 */
export function reserveAttempt(
  source: Fragment,
  attemptId: string,
  { max, windowSeconds }: AttemptLimits,
  refusals: 'counted' | 'uncounted' = 'counted',
): Fragment<CountedAttempt> {
  const isOpen =
    refusals === 'counted'
      ? sql`t.count < ${max}::int + 1`
      : sql`t.count < ${max}::int OR (t.count = ${max}::int AND t.last_attempt_id = excluded.last_attempt_id)`;
  return sql`
    INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
    SELECT s.bucket, 1, ${attemptId}::uuid, now() + make_interval(secs => ${windowSeconds}::int) FROM ${source} s
    ON CONFLICT (bucket) DO UPDATE SET
      count = CASE
        WHEN t.window_ends_at <= now() THEN 1
        WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
        ELSE t.count + 1
      END,
      last_attempt_id = excluded.last_attempt_id,
      window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
    WHERE t.window_ends_at <= now() OR ${isOpen}
    RETURNING t.bucket, t.count AS number`;
}

/**
 * Whether this attempt has a number up to the limit: the bucket is locked by whoever reserved in the same transaction, so
 * that later steps of a batch may depend on it.
 */
export function reservedBy(bucket: string, attemptId: string, { max }: AttemptLimits): Fragment {
  return sql`EXISTS (
    SELECT FROM login_attempts t
    WHERE t.bucket = ${bucket} AND t.last_attempt_id = ${attemptId}::uuid AND t.count <= ${max}::int
      AND t.window_ends_at > now())`;
}

/**
 * The seconds until the bucket `b` opens again, for a caller that got no number. A window that another caller started
 * after the snapshot of this statement is not seen: it has just begun.
 */
export function secondsUntilOpen(b: Fragment, { windowSeconds }: AttemptLimits): Fragment {
  return sql`coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
     FROM login_attempts t WHERE t.bucket = ${b}.bucket AND t.window_ends_at > now()),
    ${windowSeconds}::int)`;
}

/**
 * Whether the bucket of the row `b` has refused an attempt in its window, as far as the snapshot knows: then nothing has to
 * be counted, and refusals do not wait for each other.
 */
export function isClosed(b: Fragment, { max }: AttemptLimits): Fragment {
  return sql`EXISTS (
    SELECT FROM login_attempts f WHERE f.bucket = ${b}.bucket AND f.count > ${max}::int AND f.window_ends_at > now())`;
}

/**
 * Whether the bucket `t` of login_attempts has refused an attempt in its window and nobody has been told: the first
 * refusal counts as `max` + 1, and `markRefusalsTold` makes it `max` + 2.
 */
export function isRefusalUntold(t: Fragment, { max }: AttemptLimits): Fragment {
  return sql`(${t}.count = ${max}::int + 1 AND ${t}.window_ends_at > now())`;
}

/** Body of a CTE that notes that the refusals in the buckets have been told, if the source has a row. */
export function markRefusalsTold(
  buckets: readonly string[],
  source: Fragment,
  limits: AttemptLimits,
): Fragment {
  return sql`
    UPDATE login_attempts counter SET count = ${limits.max}::int + 2
    WHERE counter.bucket = ANY (${buckets}::text[]) AND ${isRefusalUntold(sql`counter`, limits)} AND EXISTS (SELECT FROM ${source} q)`;
}

/** Gives back one attempt that was counted but not checked: a separate statement. */
export function refundAttempt(bucket: string, { max }: AttemptLimits): Fragment {
  return sql`
    UPDATE login_attempts t SET
      count = greatest(least(t.count, ${max}::int) - 1, 1),
      window_ends_at = CASE WHEN t.count = 1 THEN now() ELSE t.window_ends_at END
    WHERE t.bucket = ${bucket}`;
}

/** Body of a CTE that resets the attempts of a bucket, if the CTE `source` has a row: somebody has authenticated. */
export function clearAttempts(bucket: string, source: Fragment): Fragment {
  return sql`DELETE FROM login_attempts counter WHERE counter.bucket = ${bucket} AND EXISTS (SELECT 1 FROM ${source} o) RETURNING counter.bucket`;
}

/** Body of a CTE that deletes the attempts of a subject, on all devices, if the CTE `source` has a row. */
export function deleteSubject(subject: string, source: Fragment): Fragment {
  return sql`
    DELETE FROM login_attempts counter
    WHERE counter.bucket >= ${`${subject}:`} AND counter.bucket < ${`${subject};`} AND EXISTS (SELECT 1 FROM ${source})
    RETURNING counter.bucket`;
}

/**
 * Body of a CTE that deletes the attempts of the subjects of the buckets in the CTE `source` (`bucket`), on all devices.
 * The collation of the column is "C", in which `;` follows `:`, so that a subject is one range of the primary key.
 */
export function deleteSubjectsOf(source: Fragment): Fragment {
  const subject = sql`regexp_replace(o.bucket, ':[^:]*$', '')`;
  return sql`
    DELETE FROM login_attempts counter USING ${source} o
    WHERE counter.bucket >= ${subject} || ':' AND counter.bucket < ${subject} || ';'
    RETURNING counter.bucket`;
}

/** Under what wrong codes for the second factor of a user are counted: only a right one gives them back. */
export const secondFactorSubject = 'second-factor';

/** Under what wrong codes of mails are counted, by the id of the user: neither a login nor an unlock gives them back. */
export const emailCodeSubject = 'email-code';

/** Body of a CTE that deletes everything that is counted under the ids of the users in the CTE `source`: they are gone. */
export function forgetUsers(source: Fragment): Fragment {
  const names = sql`ARRAY['user:' || o.user_id, ${`${secondFactorSubject}:`} || o.user_id,
      ${`${emailCodeSubject}:`} || o.user_id]`;
  return sql`
    DELETE FROM login_attempts counter USING (SELECT unnest(${names}) AS name FROM ${source} o) n
    WHERE counter.bucket >= n.name || ':' AND counter.bucket < n.name || ';'
    RETURNING counter.bucket`;
}

/**
 * Body of a CTE that deletes the attempts under the ids of the users in the CTE `source`, which stand in for accounts
 * without an address key.
 */
export function deleteAttempts(source: Fragment): Fragment {
  return sql`
    DELETE FROM login_attempts t USING ${source} o
    WHERE t.bucket >= 'user:' || o.user_id || ':' AND t.bucket < 'user:' || o.user_id || ';'
    RETURNING t.bucket`;
}

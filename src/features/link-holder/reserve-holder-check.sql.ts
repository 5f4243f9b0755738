import { type Fragment, sql } from '../../db/sql.ts';
import {
  type AttemptLimits,
  accountSubject,
  attemptBucket,
  reserveAttempt,
  secondsUntilOpen,
} from '../../rate-limit/attempts.sql.ts';
import { knownDeviceId, type PresentedDevice } from '../known-devices/index.ts';

/** Whose link it is, by a live token, and the check of their password that was reserved. */
export interface LinkHolder {
  /** Null for a pending registration. */
  readonly user_id: string | null;
  /** Null when the user has no password. */
  readonly password_hash: string | null;
  /** Whether a live session of the account came along, which comes before the password; absent where the flow asks none. */
  readonly is_by_session?: boolean;
  /** The bucket that counts checks of the password. */
  readonly bucket: string;
  /** 1 for the first of the window; null when none was left or asked for, and then nothing may be checked. */
  readonly number: number | null;
  /** The time until the window ends. */
  readonly retry_after_seconds: number;
}

/**
 * The bucket of checks of the password of an account: with its logins on the device.
 * @param o an alias with `user_id`, `address_key` and `device_generation`
 */
export function holderBucket(o: Fragment, device: PresentedDevice): Fragment {
  return attemptBucket(accountSubject(o), knownDeviceId(o, device));
}

/**
 * A statement that returns the row of `holder`, a sub-select with the columns of a `LinkHolder` up to the hash, and, if
 * `isChecked`, reserves a check of the password. A refused check is not counted: the first refused login sends the owner
 * a mail with an unlock link (LIM-13).
 * @param bucket an expression over the alias `o` of the holder
 * @param isChecked false, or a condition over the alias `c` of the holder
 */
export function reserveHolderCheck<R>(
  holder: Fragment,
  bucket: Fragment,
  isChecked: boolean | Fragment,
  limits: AttemptLimits,
): Fragment<R> {
  return sql`
    WITH counted AS (SELECT ${bucket} AS bucket, o.* FROM (${holder}) o),
    reserved AS (${reserveAttempt(
      sql`(SELECT c.bucket FROM counted c WHERE ${isChecked}::boolean)`,
      crypto.randomUUID(),
      limits,
      'uncounted',
    )})
    SELECT c.*, r.number, ${secondsUntilOpen(sql`c`, limits)} AS retry_after_seconds
    FROM counted c LEFT JOIN reserved r ON true`;
}

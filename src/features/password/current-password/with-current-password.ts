import type { Effect } from '../../../db/effects.ts';
import { rerunAfterRetry } from '../../../db/rerun-after-retry.ts';
import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import { log } from '../../../log.ts';
import { checkAttempt, tooManyAttempts } from '../../../rate-limit/attempts.ts';
import { type CallerIds, requireRecentAuthentication } from '../../sessions/index.ts';
import { currentPasswordErrors } from './errors.ts';
import {
  type CallerAccount,
  findCallerAccount,
  recordRefusal,
  reservePasswordCheck,
  type VerifiedCaller,
} from './queries.ts';

/** A caller who asks for something that only the account's owner may do, and the proof. */
export interface OwnerProof {
  readonly caller: CallerIds;
  /** Undefined when it was omitted, as for an account without a password. */
  readonly password: string | undefined;
}

/** The action that needs the proof. */
export interface OwnerAction<Row> {
  /** Checks the request against the account before anything is hashed; throws what speaks against it. */
  readonly judge?: (account: CallerAccount) => Promise<void>;
  /** Runs the action while the verified password is still the account's; null when it is not. */
  readonly run: (verified: VerifiedCaller) => Promise<Row | null>;
  /** The effects that record a refusal. */
  readonly onRefused: readonly Effect[];
}

/** The reason of a refusal, for the record alone. */
type RefusalReason = 'wrong_password' | 'no_password' | 'password_missing' | 'password_changed';

/**
 * Runs an action that needs the caller's current password. The check is reserved before anything is hashed, among the
 * attempts of logins, and a success resets them. An account without a password omits it and needs an authentication
 * within the last ten minutes instead. A wrong password, a missing one, and one for an account that has none get the
 * same answer. Round trips: 2; 1 when no attempt is left.
 * @throws AuthError unauthenticated when the session has ended since the access token was signed
 * @throws AuthError invalid_credentials with status 403
 * @throws AuthError reauthentication_required
 * @throws AuthError too_many_attempts
 * @throws AuthError overloaded
 */
export async function withCurrentPassword<Row>(
  deps: Deps,
  { caller, password }: OwnerProof,
  work: OwnerAction<Row>,
): Promise<Row> {
  if (password === undefined) return withRecentAuthentication(deps, caller, work);
  const { db, hasher, config, metadata, effects, mail } = deps;
  hasher.requireRoom();
  const limits = config.loginAttempts;
  const attempt = await reservePasswordCheck(db, caller, limits, metadata, effects.passwordCheckLocked);
  if (attempt === null) throw commonErrors.unauthenticated();
  const { bucket, number } = attempt;
  if (number === null) {
    mail.sendSoon();
    throw tooManyAttempts(limits, attempt.retry_after_seconds);
  }
  await work.judge?.(attempt);

  const refused = (reason: RefusalReason) => refuse(deps, caller, reason, work.onRefused);
  const verifyAndRun = async (account: CallerAccount): Promise<Row | null> => {
    await verify(deps, caller, account.password_hash, password, refused);
    const verified = { ...caller, passwordHash: account.password_hash, bucket };
    return rerunAfterRetry(db, () => work.run(verified));
  };
  return checkAttempt(db, bucket, limits, async () => {
    const row = await verifyAndRun(attempt);
    if (row !== null) return row;
    // Tried twice, in case the stored hash changes in between, as when a login replaces a legacy hash of the same
    // password.
    return (await verifyAndRun(await requireAccount(deps, caller))) ?? (await refused('password_changed'));
  });
}

async function withRecentAuthentication<Row>(
  deps: Deps,
  caller: CallerIds,
  work: OwnerAction<Row>,
): Promise<Row> {
  const refused = (reason: RefusalReason) => refuse(deps, caller, reason, work.onRefused);
  const account = await requireAccount(deps, caller);
  if (account.password_hash !== null) return await refused('password_missing');
  requireRecentAuthentication(account);
  await work.judge?.(account);
  const row = await rerunAfterRetry(deps.db, () => work.run({ ...caller, passwordHash: null, bucket: null }));
  if (row !== null) return row;
  await requireAccount(deps, caller);
  return await refused('password_changed');
}

/** Returns if the password is correct; costs one hash in either case. */
async function verify(
  { hasher, metadata }: Deps,
  { userId }: CallerIds,
  passwordHash: string | null,
  password: string,
  refused: (reason: RefusalReason) => Promise<never>,
): Promise<void> {
  const check = await hasher.verify(passwordHash, password);
  if (passwordHash === null) await refused('no_password');
  if (check.isMalformed)
    log('error', 'stored_password_hash_malformed', { requestId: metadata.requestId, userId });
  if (!check.matches) await refused('wrong_password');
}

async function requireAccount({ db }: Deps, caller: CallerIds): Promise<CallerAccount> {
  const account = await findCallerAccount(db, caller);
  if (account === null) throw commonErrors.unauthenticated();
  return account;
}

async function refuse(
  { db, metadata }: Deps,
  caller: CallerIds,
  reason: RefusalReason,
  onRefused: readonly Effect[],
): Promise<never> {
  await recordRefusal(db, { ...caller, reason }, metadata, onRefused);
  throw currentPasswordErrors.invalid_credentials();
}

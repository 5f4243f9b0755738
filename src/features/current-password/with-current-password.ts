import type { Deps } from '../../deps.ts';
import type { EventReason } from '../../joints/event-types.ts';
import { type GateRules, passGates } from '../../joints/gate.ts';
import { log } from '../../log.ts';
import { checkAttempt, tooManyAttempts } from '../../rate-limit/attempts.ts';
import type { CallerIds } from '../sessions/index.ts';
import {
  type CallerAccount,
  findCallerAccount,
  type Refusal,
  recordRefusal,
  reservePasswordCheck,
} from './check-password.sql.ts';
import { currentPasswordErrors } from './errors.ts';
import type { VerifiedCaller } from './verified-caller.sql.ts';

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
  readonly run: (verified: VerifiedCaller, account: CallerAccount) => Promise<Row | null>;
  /** The gates of a sensitive route, which refuse before an attempt is counted; none where it is not one. */
  readonly gateRules: GateRules;
  /** How a refusal is recorded. */
  readonly refusalType: Refusal['type'];
}

/** The reason of a refusal, for the record alone. */
type RefusalReason = EventReason<'authn_login_fail'> & EventReason<'authn_password_change_fail'>;

/**
 * Runs an action that needs the caller's current password. The check is reserved before anything is hashed, among the
 * attempts of logins, and a success resets them. An account without a password omits it and needs an authentication
 * within the last ten minutes instead, which the gates ask for. A wrong password, a missing one, and one for an account
 * that has none get the same answer. Round trips: 2; 1 when no attempt is left.
 * @throws AuthError unauthenticated when the session has ended since the access token was signed
 * @throws AuthError invalid_credentials with status 403
 * @throws AuthError reauthentication_required, or the refusal of another gate
 * @throws AuthError too_many_attempts
 * @throws AuthError overloaded
 */
export async function withCurrentPassword<Row>(
  deps: Deps,
  { caller, password }: OwnerProof,
  work: OwnerAction<Row>,
): Promise<Row> {
  if (password === undefined) return withRecentAuthentication(deps, caller, work);
  const { db, hasher, config, metadata, mail } = deps;
  const { gateRules } = work;
  hasher.requireRoom();
  const limits = config.loginAttempts;
  const attempt = passGates(
    gateRules,
    await reservePasswordCheck(db, { caller, gateRules }, limits, metadata),
  );
  const { bucket, number } = attempt;
  if (number === null) {
    mail.sendSoon();
    throw tooManyAttempts(limits, attempt.retry_after_seconds);
  }
  await work.judge?.(attempt);

  const verifyAndRun = async (account: CallerAccount): Promise<Row | null> => {
    await verify(deps, { caller, password, passwordHash: account.password_hash }, work);
    return work.run({ ...caller, passwordHash: account.password_hash, bucket }, account);
  };
  return checkAttempt(db, bucket, limits, async () => {
    const row = await verifyAndRun(attempt);
    if (row !== null) return row;
    // Tried twice, in case the stored hash changes in between, as when a login replaces a legacy hash of the same
    // password.
    const again = await verifyAndRun(await requireAccount(deps, caller, work, true));
    return again ?? (await refuse(deps, caller, work, 'password_changed'));
  });
}

async function withRecentAuthentication<Row>(
  deps: Deps,
  caller: CallerIds,
  work: OwnerAction<Row>,
): Promise<Row> {
  const account = await requireAccount(deps, caller, work, false);
  if (account.password_hash !== null) return await refuse(deps, caller, work, 'password_missing');
  await work.judge?.(account);
  const row = await work.run({ ...caller, passwordHash: null, bucket: null }, account);
  if (row !== null) return row;
  await requireAccount(deps, caller, work, false);
  return await refuse(deps, caller, work, 'password_changed');
}

/** Returns if the password is correct; costs one hash in either case. */
async function verify<Row>(
  deps: Deps,
  {
    caller,
    password,
    passwordHash,
  }: { readonly caller: CallerIds; readonly password: string; readonly passwordHash: string | null },
  work: OwnerAction<Row>,
): Promise<void> {
  const { hasher, metadata } = deps;
  const check = await hasher.verify(passwordHash, password);
  if (passwordHash === null) await refuse(deps, caller, work, 'no_password');
  if (check.isMalformed)
    log('error', 'stored_password_hash_malformed', {
      requestId: metadata.requestId,
      userId: caller.userId,
    });
  if (!check.matches) await refuse(deps, caller, work, 'wrong_password');
}

async function requireAccount<Row>(
  { db }: Deps,
  caller: CallerIds,
  { gateRules }: OwnerAction<Row>,
  hasPassword: boolean,
): Promise<CallerAccount> {
  return passGates(gateRules, await findCallerAccount(db, { caller, gateRules, hasPassword }));
}

async function refuse<Row>(
  { db, metadata }: Deps,
  caller: CallerIds,
  { refusalType }: OwnerAction<Row>,
  reason: RefusalReason,
): Promise<never> {
  await recordRefusal(db, caller, { type: refusalType, reason }, metadata);
  throw currentPasswordErrors.invalid_credentials();
}

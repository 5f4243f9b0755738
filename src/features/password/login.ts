import { addressOf } from '../../address-key.ts';
import { DatabaseError } from '../../db/database-error.ts';
import type { Deps } from '../../deps.ts';
import { isOverloaded } from '../../errors.ts';
import { log } from '../../log.ts';
import type { PresentedEmail } from '../../presented-email.ts';
import { checkAttempt, tooManyAttempts } from '../../rate-limit/attempts.ts';
import type { NewSession } from '../sessions/index.ts';
import { completeSignIn, passwordSession, type SignIn, type SignInSettings } from '../sign-in/index.ts';
import { userErrors } from '../users/index.ts';
import { passwordErrors } from './errors.ts';
import { prepareLink } from './prepare-link.ts';
import {
  type Account,
  type Attempt,
  findAccountByEmail,
  type LoggedInRow,
  openLoginSession,
  recordFailedLogin,
  reserveLoginAttempt,
} from './queries.ts';

export interface LoginInput extends SignInSettings {
  readonly email: PresentedEmail;
  readonly password: string;
}

/** The reason of a failed login, for the record alone. */
type FailureReason =
  | 'unknown_address'
  | 'no_password'
  | 'banned'
  | 'wrong_password'
  | 'password_changed'
  | 'email_not_verified';

/**
 * Signs in with e-mail and password. The attempt is reserved before anything is hashed, so that a burst of guesses
 * gets no more hashes than the limit allows. Every failure (unknown address, wrong password, no password, banned)
 * does the same work, two statements and one hash, and gets the same answer. Round trips: 2; 1 when no attempt is
 * left.
 *
 * With EMAIL_VERIFICATION=required, the right password of an unverified account is answered with email_not_verified,
 * and so is that of a pending registration while no account has the address.
 * @throws AuthError invalid_credentials, email_not_verified, too_many_attempts, overloaded
 */
export async function login(deps: Deps, input: LoginInput): Promise<SignIn> {
  const { db, config, metadata, hasher, keyring, effects, mail } = deps;
  hasher.requireRoom();
  const session = await passwordSession(deps, input);
  const account = {
    ...input,
    address: addressOf(keyring, input.email.address),
    hasPendingRegistrations: config.emailVerification === 'required',
    // Prepared for every attempt: only the statement knows which one locks, and whether anybody has the address.
    lockMail: await prepareLink(deps, input.email, 'account_locked'),
  };
  const limits = config.loginAttempts;
  const attempt = await reserveLoginAttempt(db, account, limits, metadata, effects.loginLocked);
  if (attempt.number === null) {
    mail.sendSoon();
    throw tooManyAttempts(limits, attempt.retryAfterSeconds);
  }
  return checkAttempt(db, attempt.bucket, limits, () => check(deps, input, session, attempt));
}

async function check(deps: Deps, input: LoginInput, session: NewSession, attempt: Attempt): Promise<SignIn> {
  const row =
    (await signIn(deps, input, session, attempt, attempt.account)) ??
    // Tried twice, in case the stored hash changes in between, as when two logins replace a legacy hash at once. Both
    // tries are one attempt: the password was right a moment ago.
    (await signIn(
      deps,
      input,
      session,
      attempt,
      await findAccountByEmail(deps.db, input.email, addressOf(deps.keyring, input.email.address)),
    ));
  if (row === null) return await fail(deps, attempt.account, 'password_changed');
  if (row.is_new_device) deps.mail.sendSoon();
  return completeSignIn(deps, input.device, session, row);
}

/** Returns null when what was verified has changed since. */
async function signIn(
  deps: Deps,
  { email, password, device }: LoginInput,
  session: NewSession,
  attempt: Attempt,
  account: Account | null,
): Promise<LoggedInRow | null> {
  const { db, config, hasher, metadata, effects } = deps;
  const isPending = account === null && attempt.pendingPasswordHash !== null;
  const check = await hasher.verify(
    account === null ? attempt.pendingPasswordHash : account.password_hash,
    password,
  );
  if (isPending) return await fail(deps, null, check.matches ? 'email_not_verified' : 'wrong_password');
  if (account === null) return await fail(deps, null, 'unknown_address');
  if (account.password_hash === null) return await fail(deps, account, 'no_password');
  if (check.isMalformed) {
    log('error', 'stored_password_hash_malformed', { requestId: metadata.requestId, userId: account.id });
  }
  if (account.is_banned) return await fail(deps, account, 'banned');
  if (!check.matches) return await fail(deps, account, 'wrong_password');
  if (account.is_unverified && config.emailVerification === 'required')
    return await fail(deps, account, 'email_not_verified');

  const newDeviceMail = {
    ...(await prepareLink(deps, email, 'new_device')),
    idempotencyKey: crypto.randomUUID(),
  };
  const { id: userId, password_hash: passwordHash } = account;
  const verified = { userId, passwordHash, bucket: attempt.bucket, device, newDeviceMail };
  const open = (newHash: string | null) =>
    openLoginSession(db, { ...verified, newHash }, session, metadata, effects);
  if (!check.needsRehash) return open(null);
  try {
    return await open(await hasher.hash(password));
  } catch (error) {
    // The new hash can wait for the next login; the user need not (HSH-07).
    const isRefused = error instanceof DatabaseError && error.outcome === 'rejected';
    if (!isRefused && !isOverloaded(error)) throw error;
    log('warn', 'password_rehash_failed', {
      requestId: metadata.requestId,
      userId: account.id,
      cause: error,
    });
    return open(null);
  }
}

/** Records the failure, by the same statement with and without an account. */
async function fail(
  { db, metadata, effects }: Deps,
  account: Account | null,
  reason: FailureReason,
): Promise<never> {
  await recordFailedLogin(db, { userId: account?.id ?? null, reason }, metadata, effects.loginFailed);
  if (reason === 'email_not_verified') throw passwordErrors.email_not_verified();
  throw userErrors.invalid_credentials();
}

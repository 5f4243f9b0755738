import { addressOf } from '../../address/address-key.ts';
import type { PresentedEmail } from '../../address/presented-email.ts';
import { DatabaseError } from '../../db/database-error.ts';
import type { Deps } from '../../deps.ts';
import { isCode } from '../../errors.ts';
import type { EventReason } from '../../joints/event-types.ts';
import { log } from '../../log.ts';
import { checkAttempt, tooManyAttempts } from '../../rate-limit/attempts.ts';
import { canonicalOf } from '../addresses/index.ts';
import { prepareLink, prepareLinkTo } from '../one-time-tokens/index.ts';
import {
  type Challenge,
  completeOpening,
  passwordOpening,
  type SignIn,
  type SignInOpening,
  type SignInSettings,
} from '../sign-in/index.ts';
import { userErrors } from '../users/index.ts';
import {
  type Account,
  findAccount,
  openLoginSession,
  type ReservedAttempt,
  recordFailedLogin,
  reserveLoginAttempt,
  type VerifiedPassword,
} from './login.sql.ts';
import { type LoginAttempt, loginAttempt } from './login-attempt.ts';

export interface LoginInput extends SignInSettings {
  readonly email: PresentedEmail;
  readonly password: string;
}

/** The reason of a failed login, for the record alone. */
type FailureReason = EventReason<'authn_login_fail'>;

/** What one login works with. */
interface Login {
  readonly attempt: LoginAttempt;
  readonly reserved: ReservedAttempt;
  readonly opening: SignInOpening;
  readonly input: LoginInput;
}

/**
 * Signs in with e-mail and password, unless a second factor must follow. The attempt is reserved before anything is
 * hashed, so that a burst of guesses gets no more hashes than the limit allows. Every failure (unknown address, wrong
 * password, no password, banned) does the same work, two round trips and one hash, and gets the same answer. Round trips:
 * 2; 1 when no attempt is left.
 *
 * With EMAIL_VERIFICATION=required, the right password of an unverified account is answered with email_not_verified,
 * and so is that of a pending registration while no account has the address.
 * @throws AuthError invalid_credentials, email_not_verified, too_many_attempts, overloaded
 */
export async function login(deps: Deps, input: LoginInput): Promise<SignIn | Challenge> {
  const { db, config, metadata, hasher, keyring, mail } = deps;
  hasher.requireRoom();
  const opening = await passwordOpening(deps, input);
  const attempt = loginAttempt(input.email, addressOf(keyring, input.email.address), input.device);
  // Prepared for every attempt: only the statement knows which one locks, and whether anybody has the address.
  const told = { lockMail: await prepareLink(deps, input.email, 'account_locked'), client: mail.client };
  const limits = config.loginAttempts;
  const reserved = await reserveLoginAttempt(db, attempt, opening, told, limits, metadata);
  if (reserved.number === null) {
    mail.sendSoon();
    throw tooManyAttempts(limits, reserved.retryAfterSeconds);
  }
  return checkAttempt(db, reserved.bucket, limits, () => check(deps, { attempt, reserved, opening, input }));
}

async function check(deps: Deps, login: Login): Promise<SignIn | Challenge> {
  const { attempt, reserved, opening } = login;
  const signIn =
    (await tryAccount(deps, login, reserved.account)) ??
    // Tried twice, in case the stored hash changes in between, as when two logins replace a legacy hash at once. Both
    // tries are one attempt: the password was right a moment ago.
    (await tryAccount(deps, login, await findAccount(deps.db, attempt, opening)));
  if (signIn === null) return await fail(deps, reserved.account, 'password_changed');
  return signIn;
}

/** Returns null when what was verified has changed since. */
async function tryAccount(
  deps: Deps,
  { attempt, reserved, opening, input }: Login,
  account: Account | null,
): Promise<SignIn | Challenge | null> {
  const { hasher, metadata, mail } = deps;
  const isPending = account === null && reserved.pendingPasswordHash !== null;
  const check = await hasher.verify(
    account === null ? reserved.pendingPasswordHash : account.password_hash,
    input.password,
  );
  if (isPending) return await fail(deps, null, check.matches ? 'email_not_verified' : 'wrong_password');
  if (account === null) return await fail(deps, null, 'unknown_address');
  const { user_id: userId, email, password_hash: passwordHash } = account;
  if (passwordHash === null) return await fail(deps, account, 'no_password');
  if (check.isMalformed)
    log('error', 'stored_password_hash_malformed', { requestId: metadata.requestId, userId });
  // Judged here as well, so that a refusal costs what every failure costs: `openLoginSession` only meets a change.
  if (account.verdict === 'refused') return await fail(deps, account, 'banned');
  if (!check.matches) return await fail(deps, account, 'wrong_password');
  if (account.verdict === 'unverified') return await fail(deps, account, 'email_not_verified');

  const isChallenge = account.verdict === 'challenge';
  // Behind a challenge it is the second step that signs in, and tells.
  const isNewDevice = reserved.bucket === attempt.buckets[0] && !isChallenge;
  const verified = {
    ...{ userId, email, passwordHash, bucket: reserved.bucket, isChallenge },
    missingAddressKey: missingAddressKey(deps, account),
    newDeviceMail: isNewDevice ? await prepareLinkTo(deps, email, 'new_device') : null,
  };
  const row = await open(deps, verified, opening, check.needsRehash ? input.password : null);
  if (isNewDevice && row !== null) mail.sendSoon();
  return completeOpening(deps, input.device, opening, row);
}

/** Opens the session, and replaces the hash where a password to hash again is given. */
async function open(
  deps: Deps,
  verified: Omit<VerifiedPassword, 'newHash'>,
  opening: SignInOpening,
  passwordToRehash: string | null,
) {
  const { db, hasher, metadata } = deps;
  const openWith = (newHash: string | null, missingAddressKey = verified.missingAddressKey) =>
    openLoginSession(db, { ...verified, newHash, missingAddressKey }, opening, metadata);
  if (passwordToRehash === null) return openWith(null);
  try {
    return await openWith(await hasher.hash(passwordToRehash));
  } catch (error) {
    // What is to be replaced can wait for the next login; the user need not (HSH-07).
    const isRefused = error instanceof DatabaseError && error.outcome === 'rejected';
    if (!isRefused && !isCode(error, 'overloaded')) throw error;
    const { requestId } = metadata;
    log('warn', 'password_rehash_failed', { requestId, userId: verified.userId, cause: error });
    return openWith(null, null);
  }
}

/** The key of the stored address, if the account has another one or none. PostgreSQL could not make it. */
function missingAddressKey({ keyring }: Deps, { email, address_key }: Account): string | null {
  const [key] = addressOf(keyring, canonicalOf(email)).keys;
  return key === address_key ? null : key;
}

/** Records the failure, by the same statement with and without an account. */
async function fail({ db, metadata }: Deps, account: Account | null, reason: FailureReason): Promise<never> {
  await recordFailedLogin(db, { userId: account?.user_id ?? null, reason }, metadata);
  if (reason === 'email_not_verified') throw userErrors.email_not_verified();
  throw userErrors.invalid_credentials();
}

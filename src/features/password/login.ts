import { DatabaseError } from '../../db/database-error.ts';
import type { Deps } from '../../deps.ts';
import { log } from '../../log.ts';
import { tooManyAttempts } from '../../rate-limit/attempts.ts';
import { unknownSubject } from '../../rate-limit/unknown-subject.ts';
import type { NewSession } from '../sessions/index.ts';
import { userErrors } from '../users/index.ts';
import {
  type Account,
  type Attempt,
  findAccountByEmail,
  openLoginSession,
  recordFailedLogin,
  reserveLoginAttempt,
  type SignedInRow,
} from './queries.ts';
import { completeSignIn, passwordSession, type SignIn, type SignInSettings } from './sign-in.ts';

export interface LoginInput extends SignInSettings {
  readonly email: string;
  readonly password: string;
}

/** Why nobody signed in; for the record alone. */
type FailureReason = 'unknown_address' | 'no_password' | 'banned' | 'wrong_password' | 'password_changed';

/**
 * Signs in with e-mail and password. The attempt is reserved before anything is hashed, so that a burst of guesses gets
 * no more hashes than the limit allows. Every failure does the same work, two statements and one hash, and gives the
 * same answer: unknown address, wrong password, no password, banned. Round trips: 2; 1 where no attempt is left.
 * @throws AuthError invalid_credentials, too_many_attempts, overloaded
 */
export async function login(deps: Deps, input: LoginInput): Promise<SignIn> {
  const { db, hasher, config, secrets } = deps;
  hasher.requireRoom();
  const session = await passwordSession(deps, input);
  const subject = unknownSubject(secrets, input.email);
  const attempt = await reserveLoginAttempt(db, { ...input, subject }, config.loginAttempts);
  if (attempt.number === null) throw tooManyAttempts(config.loginAttempts, attempt.retryAfterSeconds);

  const row =
    (await signIn(deps, input, session, attempt, attempt.account)) ??
    // A second look where the stored hash changed under our hands, as when two logins replace an old hash at once. It
    // is the same attempt: its password was right a moment ago.
    (await signIn(deps, input, session, attempt, await findAccountByEmail(db, input.email)));
  if (row === null) return await fail(deps, attempt, attempt.account, 'password_changed');
  return completeSignIn(deps, input.device, session, row);
}

/** Null when what was verified has changed since. */
async function signIn(
  deps: Deps,
  { password }: LoginInput,
  session: NewSession,
  attempt: Attempt,
  account: Account | null,
): Promise<SignedInRow | null> {
  const { db, hasher, client, effects } = deps;
  const check = await hasher.verify(account?.password_hash ?? null, password);
  if (account === null) return await fail(deps, attempt, null, 'unknown_address');
  if (account.password_hash === null) return await fail(deps, attempt, account, 'no_password');
  if (check.isMalformed) {
    log('error', 'stored_password_hash_malformed', { requestId: client.requestId, userId: account.id });
  }
  if (account.is_banned) return await fail(deps, attempt, account, 'banned');
  if (!check.matches) return await fail(deps, attempt, account, 'wrong_password');

  const verified = { userId: account.id, passwordHash: account.password_hash, bucket: attempt.bucket };
  const open = (newHash: string | null) =>
    openLoginSession(db, { ...verified, newHash }, session, client, effects.loggedIn);
  if (!check.needsRehash) return open(null);
  const newHash = await hasher.hash(password);
  try {
    return await open(newHash);
  } catch (error) {
    // The better hash can wait for the next login; the person need not (SECURITY HSH-07).
    if (!(error instanceof DatabaseError) || error.outcome === 'unknown') throw error;
    log('warn', 'password_rehash_failed', { requestId: client.requestId, userId: account.id, cause: error });
    return open(null);
  }
}

/** Records the failure, of an account or of none, in the same statement either way. */
async function fail(
  { db, client, config, effects }: Deps,
  attempt: Attempt,
  account: Account | null,
  reason: FailureReason,
): Promise<never> {
  const isLast = attempt.number === config.loginAttempts.max;
  const occasions = isLast ? [...effects.loginFailed, ...effects.loginLocked] : effects.loginFailed;
  await recordFailedLogin(db, { userId: account?.id ?? null, reason }, client, occasions);
  throw userErrors.invalid_credentials();
}

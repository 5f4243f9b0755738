import { addressOf } from '../../../address-key.ts';
import type { Deps } from '../../../deps.ts';
import { log } from '../../../log.ts';
import { checkAttempt, tooManyAttempts } from '../../../rate-limit/attempts.ts';
import { oneTimeTokenErrors, readOneTimeToken } from '../../one-time-tokens/index.ts';
import type { CallerIds } from '../../sessions/index.ts';
import {
  completeSignIn,
  passwordSession,
  type SignedInRow,
  type SignIn,
  type SignInSettings,
} from '../../sign-in/index.ts';
import { toUser, type User } from '../../users/index.ts';
import { emailVerificationErrors } from '../errors.ts';
import {
  confirmRegistration,
  findTokenOwner,
  recordWrongPassword,
  type TokenOwner,
  type VerificationToken,
  verifyByPassword,
  verifyBySession,
} from './queries.ts';

export interface VerifyEmailInput extends SignInSettings {
  readonly token: string;
  readonly password: string | undefined;
  /** The caller by their access token; the session may have ended. */
  readonly caller: CallerIds | null;
}

/** The result of a verification. */
export interface VerifiedEmail {
  readonly user: User;
  /** Null when the caller's session proved who they are: it goes on. */
  readonly signIn: SignIn | null;
}

/**
 * Verifies an address by a verification link. The link alone proves the mailbox, but not that its holder registered:
 * that takes a live session of the account, or its password, which then signs in (LNK-07). A pending registration
 * becomes an account by its own password and no other (LNK-06). Without either the token is not consumed.
 *
 * Round trips: 1 by a session; 2 by a password, plus one if a session came along that does not count, and one if the
 * stored hash changed in between; 0 for a forged token.
 * @throws AuthError token_invalid before anything about the password; also for the loser of a race
 * @throws AuthError password_required also when it is wrong, which counts like a failed login
 * @throws AuthError too_many_attempts
 * @throws AuthError overloaded
 */
export async function verifyEmail(deps: Deps, input: VerifyEmailInput): Promise<VerifiedEmail> {
  const { db, keyring, metadata, effects } = deps;
  const { caller, password } = input;
  const presented = readOneTimeToken(keyring, ['verify_email', 'confirm_registration'], input.token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  if (caller !== null && presented.kind === 'verify_email') {
    const row = await verifyBySession(db, presented, caller, metadata, effects);
    if (row !== null) return { user: toUser(row), signIn: null };
  }
  const signIn = await withPassword(deps, input, presented, password);
  return { user: signIn.user, signIn };
}

async function withPassword(
  deps: Deps,
  input: VerifyEmailInput,
  presented: VerificationToken,
  password: string | undefined,
): Promise<SignIn> {
  const { db, config, hasher } = deps;
  if (password !== undefined) hasher.requireRoom();
  const find = (isChecked: boolean) =>
    findTokenOwner(db, presented, { device: input.device, isChecked }, config.loginAttempts);
  const owner = await find(password !== undefined);
  if (owner === null) throw oneTimeTokenErrors.token_invalid();
  if (password === undefined) throw emailVerificationErrors.password_required();
  if (owner.number === null) throw tooManyAttempts(config.loginAttempts, owner.retry_after_seconds);
  const verify = await verification(deps, input, presented, password);
  return checkAttempt(db, owner.bucket, config.loginAttempts, async () => {
    const signIn = await verify(owner);
    if (signIn !== null) return signIn;
    // Tried twice, in case the stored hash changes in between, as when a login replaces a legacy hash.
    const latest = await find(false);
    if (latest === null) throw oneTimeTokenErrors.token_invalid();
    const second = await verify({ ...latest, bucket: owner.bucket });
    if (second === null) throw oneTimeTokenErrors.token_invalid();
    return second;
  });
}

/**
 * Returns a function that compares the password and signs the owner in; it returns null when what was compared has
 * changed.
 */
async function verification(
  deps: Deps,
  input: VerifyEmailInput,
  presented: VerificationToken,
  password: string,
): Promise<(owner: TokenOwner) => Promise<SignIn | null>> {
  const { db, hasher, metadata, effects } = deps;
  const session = await passwordSession(deps, input);
  const newUserId = crypto.randomUUID();
  const run = (owner: TokenOwner): Promise<SignedInRow | null> =>
    presented.kind === 'verify_email'
      ? verifyByPassword(db, presented, owner, session, metadata, effects)
      : confirmRegistration(
          db,
          presented,
          { ...owner, newUserId, address: addressOf(deps.keyring, owner.email) },
          session,
          metadata,
          effects,
        );
  return async (owner) => {
    const check = await hasher.verify(owner.password_hash, password);
    if (check.isMalformed) {
      log('error', 'stored_password_hash_malformed', {
        requestId: metadata.requestId,
        userId: owner.user_id,
      });
    }
    if (owner.password_hash === null || !check.matches) {
      await recordWrongPassword(db, owner.user_id, metadata, effects.loginFailed);
      throw emailVerificationErrors.password_required();
    }
    const row = await run(owner);
    return row === null ? null : completeSignIn(deps, input.device, session, row);
  };
}

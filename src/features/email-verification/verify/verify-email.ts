import type { Deps } from '../../../deps.ts';
import { withHolderPassword } from '../../link-holder/index.ts';
import {
  oneTimeTokenErrors,
  type PresentedOneTimeToken,
  readOneTimeToken,
} from '../../one-time-tokens/index.ts';
import type { CallerIds } from '../../sessions/index.ts';
import {
  type Challenge,
  completeOpening,
  passwordOpening,
  type SignIn,
  type SignInSettings,
} from '../../sign-in/index.ts';
import { toUser, type User } from '../../users/index.ts';
import { confirmPendingRegistration } from '../confirm-registration/confirm-registration.ts';
import { findAccountHolder, verifyByPassword, verifyBySession } from './verify.sql.ts';

export interface VerifyEmailInput extends SignInSettings {
  readonly token: string;
  readonly password: string | undefined;
  /** The caller by their access token; the session may have ended. */
  readonly caller: CallerIds | null;
}

/** A verification by the caller's session, which goes on. */
export interface VerifiedBySession {
  readonly outcome: 'verified';
  readonly user: User;
}

/**
 * Verifies an address by a verification link. The link alone proves the mailbox, but not that its holder registered:
 * that takes a live session of the account, or its password, which then signs in (LNK-07). A pending registration
 * becomes an account by its own password and no other (LNK-06). Without either the token is not consumed.
 *
 * Round trips: 1 by a session; 2 by a password, plus one if a session came along that does not count, and one each more
 * if the stored hash changed in between; 0 for a forged token, and for one of a pending registration while registration is
 * closed.
 * @throws AuthError registration_closed for a pending registration alone
 * @throws AuthError token_invalid before anything about the password; also for the loser of a race
 * @throws AuthError password_required also when it is wrong, which counts like a failed login
 * @throws AuthError too_many_attempts
 * @throws AuthError overloaded
 */
export async function verifyEmail(
  deps: Deps,
  input: VerifyEmailInput,
): Promise<VerifiedBySession | SignIn | Challenge> {
  const { db, keyring, metadata } = deps;
  const rules = await deps.loadRules();
  const presented = readOneTimeToken(keyring, ['verify_email', 'confirm_registration'], input.token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  if (presented.kind === 'confirm_registration') return confirmPendingRegistration(deps, input, presented);
  if (input.caller !== null) {
    const row = await verifyBySession(db, presented, input.caller, rules.credentials, metadata);
    if (row !== null) return { outcome: 'verified', user: toUser(row) };
  }
  return verifyAccount(deps, input, presented);
}

async function verifyAccount(
  deps: Deps,
  input: VerifyEmailInput,
  presented: PresentedOneTimeToken,
): Promise<SignIn | Challenge> {
  const { db, config, metadata } = deps;
  const rules = await deps.loadRules();
  const { device, password } = input;
  const opening = await passwordOpening(deps, input);
  const row = await withHolderPassword(deps, {
    password,
    find: (isChecked) => findAccountHolder(db, presented, { device, isChecked }, config.loginAttempts),
    run: (holder) => verifyByPassword(db, presented, holder, opening, rules.credentials, metadata),
  });
  const signIn = await completeOpening(deps, device, opening, row);
  if (signIn === null) throw oneTimeTokenErrors.token_invalid();
  return signIn;
}

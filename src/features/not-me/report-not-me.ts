import type { Deps } from '../../deps.ts';
import { createOneTimeToken, oneTimeTokenErrors, readOneTimeToken } from '../one-time-tokens/index.ts';
import { findWayBack, isOpen, takeBack, type WayBackToken } from '../way-back/index.ts';
import { revokeAccess } from './revoke-access.sql.ts';

/**
 * Locks out whoever signed in to an account, by the not-me link of the mail about it: every session ends, no device is
 * known any longer, and the password is cleared, so that nobody can sign in with it, not even by a login that is in
 * progress. The owner gets a reset link at the present address of the account. If that is another one than the mail
 * went to, and the way back is still open, the account first gets the former address back, as by a revert link (LNK-12).
 * Round trips: 2; 0 for a forged link.
 * @throws AuthError token_invalid
 */
export async function reportNotMe(deps: Deps, token: string): Promise<void> {
  const presented = readOneTimeToken(deps.keyring, ['not_me'], token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  // Tried twice, in case the account changes its address, or the way back closes, between the two round trips.
  if ((await lockOut(deps, presented)) || (await lockOut(deps, presented))) return;
  throw oneTimeTokenErrors.token_invalid();
}

/**
 * False when the account was no longer as it had been read.
 * @throws AuthError token_invalid
 */
async function lockOut(deps: Deps, presented: WayBackToken): Promise<boolean> {
  const { db, metadata, keyring, mail } = deps;
  const rules = await deps.loadRules();
  const account = await findWayBack(db, presented);
  if (account === null) throw oneTimeTokenErrors.token_invalid();
  if (isOpen(account)) return takeBack(deps, presented, account);
  const resetToken = createOneTimeToken(keyring, 'reset_password');
  const resetMail = await mail.prepare('reset_password', resetToken, [account.email]);
  const isDone = await revokeAccess(
    db,
    { presented, account, resetToken, resetMail },
    metadata,
    rules.credentials,
  );
  if (isDone) mail.sendSoon();
  return isDone;
}

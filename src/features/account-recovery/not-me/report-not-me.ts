import { rerunAfterRetry } from '../../../db/rerun-after-retry.ts';
import type { Deps } from '../../../deps.ts';
import {
  createOneTimeToken,
  oneTimeTokenErrors,
  type PresentedOneTimeToken,
  readOneTimeToken,
} from '../../one-time-tokens/index.ts';
import { findHolder, revokeAccess } from './queries.ts';

/**
 * Locks out whoever signed in to an account, by the not-me link of the mail about it: every session ends, no device
 * is known any longer, and the password is cleared, so that nobody can sign in with it, not even by a login that is
 * in progress. The owner gets a reset link at the current address of the account. Round trips: 2; 0 for a forged
 * link.
 * @throws AuthError token_invalid
 */
export async function reportNotMe(deps: Deps, token: string): Promise<void> {
  const presented = readOneTimeToken(deps.keyring, ['not_me'], token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  // Tried twice, in case the address of the account changes between the two statements.
  const isDone = (await revoke(deps, presented)) || (await revoke(deps, presented));
  if (!isDone) throw oneTimeTokenErrors.token_invalid();
  deps.mail.sendSoon();
}

async function revoke(
  { db, metadata, keyring, mail, effects }: Deps,
  presented: PresentedOneTimeToken,
): Promise<boolean> {
  const holder = await findHolder(db, presented);
  if (holder === null) return false;
  const resetToken = createOneTimeToken(keyring, 'reset_password');
  const resetMail = await mail.prepare('reset_password', resetToken, [holder.email]);
  const report = { presented, consumedBy: crypto.randomUUID(), holder, resetToken, resetMail };
  const done = await rerunAfterRetry(db, async () =>
    (await revokeAccess(db, report, metadata, effects)) ? true : null,
  );
  return done !== null;
}

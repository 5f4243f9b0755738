import { rerunAfterRetry } from '../../db/rerun-after-retry.ts';
import type { Deps } from '../../deps.ts';
import {
  createOneTimeToken,
  oneTimeTokenErrors,
  type PresentedOneTimeToken,
  readOneTimeToken,
} from '../one-time-tokens/index.ts';
import { findHolder, revokeAccess } from './queries.ts';

/**
 * Shuts out whoever signed in to an account, by the link in the mail about it: every session ends, no device is known
 * any more, and the password is gone, so that nobody signs in with it again, a login that is under way included. The
 * owner gets a mail for a new password, at the address that the account has by now. Round trips: 2; 0 for a link that
 * is not ours.
 * @throws AuthError token_invalid
 */
export async function reportNotMe(deps: Deps, token: string): Promise<void> {
  const presented = readOneTimeToken(deps.keyring, ['not_me'], token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  // A second look where the account was given another address under our hands.
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

import { runAgainIfRepeated } from '../../db/run-again.ts';
import type { Deps } from '../../deps.ts';
import {
  createOneTimeToken,
  oneTimeTokenErrors,
  type PresentedOneTimeToken,
  readOneTimeToken,
} from '../one-time-tokens/index.ts';
import { findHolder, withdrawAccess } from './queries.ts';

/**
 * Shuts out whoever signed in to an account, by the link in the mail about it: every session ends, no device is known
 * any more, and the password is gone, so that nobody signs in with it again, a login that is under way included. The
 * owner gets a mail for a new password, at the address that the account has by now. Round trips: 2; 0 for a link that
 * is not ours.
 * @throws AuthError token_invalid
 */
export async function disownSignIn(deps: Deps, token: string): Promise<void> {
  const presented = readOneTimeToken(deps.secrets, ['not_me'], token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  // A second look where the account was given another address under our hands.
  const isDone = (await withdraw(deps, presented)) || (await withdraw(deps, presented));
  if (!isDone) throw oneTimeTokenErrors.token_invalid();
  deps.mail.sendSoon();
}

async function withdraw(
  { db, client, secrets, mail, effects }: Deps,
  presented: PresentedOneTimeToken,
): Promise<boolean> {
  const holder = await findHolder(db, presented);
  if (holder === null) return false;
  const resetToken = createOneTimeToken(secrets, 'reset_password');
  const resetMail = await mail.prepare('reset_password', resetToken, [holder.email]);
  const disowning = { presented, spender: crypto.randomUUID(), holder, resetToken, resetMail };
  const done = await runAgainIfRepeated(db, async () =>
    (await withdrawAccess(db, disowning, client, effects)) ? true : null,
  );
  return done !== null;
}

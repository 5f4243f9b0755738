import type { Deps } from '../../../deps.ts';
import type { PresentedEmail } from '../../../presented-email.ts';
import { prepareLink } from '../prepare-link.ts';
import { issueResetToken } from './queries.ts';

/**
 * Mails the owner of the account a link for a new password, at the address that is stored (EML-03). Nothing
 * else changes: sessions, password and earlier links stay (RST-04). An account without a password can get one this way.
 * Where an account has left the address and can still have it back, the way back is mailed once more instead: the mail
 * about the move may be lost, and nobody else can have the address meanwhile.
 * Every address costs the same, whoever has it: unknown, banned, reserved, or one that has had its mails of the hour.
 * Round trips: 1.
 */
export async function requestPasswordReset(deps: Deps, email: PresentedEmail): Promise<void> {
  const { db, metadata, mail, effects } = deps;
  const links = {
    // For every address: which of the two it is to be, if any, is known to the statement alone.
    reset: await prepareLink(deps, email, 'reset_password'),
    revertLink: await prepareLink(deps, email, 'email_changed'),
    budget: mail.budget('reset', email.address),
  };
  await issueResetToken(db, email, links, metadata, effects);
  mail.sendSoon();
}

import { addressOf } from '../../../address/address-key.ts';
import type { PresentedEmail } from '../../../address/presented-email.ts';
import type { Deps } from '../../../deps.ts';
import { prepareLink } from '../../one-time-tokens/index.ts';
import { issueResetToken } from './reset.sql.ts';

/**
 * Sends a reset link to the stored address of the account (EML-03). Nothing else changes: sessions, password and
 * earlier links stay (RST-04). An account without a password can get one this way. If an account has left the address
 * and can still have it back, its revert link is sent again instead: the mail about the change may have been lost,
 * and nobody else can have the address until then. Every address costs the same: unknown, banned, reserved, or over
 * its limit of mails. Round trips: 1.
 */
export async function requestPasswordReset(deps: Deps, email: PresentedEmail): Promise<void> {
  const { db, metadata, mail, keyring } = deps;
  const links = {
    // Both are prepared for every address: only the statement knows which one is sent, if any.
    reset: await prepareLink(deps, email, 'reset_password'),
    wayBack: await prepareLink(deps, email, 'email_changed'),
  };
  const address = addressOf(keyring, email.address);
  await issueResetToken(db, { email, address }, links, mail.client, metadata);
  mail.sendSoon();
}

import { addressOf } from '../../../address/address-key.ts';
import type { PresentedEmail } from '../../../address/presented-email.ts';
import type { Deps } from '../../../deps.ts';
import { createOneTimeToken } from '../../one-time-tokens/index.ts';
import { isReservedEmail } from '../../users/index.ts';
import { queueVerification } from './queue-verification.sql.ts';

/**
 * Sends a new verification link if the address is still unverified. While registration is closed, accounts alone get
 * one, and pending registrations none. Earlier links stay valid, since a stranger can ask as well; the first one that
 * is followed revokes the others. The answer does not tell whether anything was sent. Round trips: 1; 0 with
 * EMAIL_VERIFICATION=off, for every address.
 */
export async function resendVerification(deps: Deps, email: PresentedEmail): Promise<void> {
  const { db, config, metadata, mail, keyring } = deps;
  if (config.emailVerification === 'off') return;
  const link = async (kind: 'verify_email' | 'confirm_registration', recipients: readonly string[]) => {
    const token = createOneTimeToken(keyring, kind);
    return { token, mail: await mail.prepare(kind, token, recipients) };
  };
  const links = {
    account: await link('verify_email', email.spellings),
    registration: await link('confirm_registration', [email.address]),
  };
  const asked = {
    email,
    address: addressOf(keyring, email.address),
    isReserved: isReservedEmail(email.address),
    isRegistrationOpen: config.isRegistrationOpen,
  };
  await queueVerification(db, asked, links, mail.client, metadata);
  mail.sendSoon();
}

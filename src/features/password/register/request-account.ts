import { addressOf } from '../../../address-key.ts';
import type { Deps } from '../../../deps.ts';
import { tooManyMails } from '../../../mail/mail-budget.ts';
import { isReservedEmail } from '../../users/index.ts';
import { refuseWeakPassword } from '../new-password/refuse-weak-password.ts';
import { prepareCountedLink, type RegisterInput } from './create-account.ts';
import { requestRegistration } from './queries.ts';

/**
 * Registers somebody where accounts require verification (EMAIL_VERIFICATION=required): a mail has the next step, and
 * the answer does not reveal whether the address has an account (ENU-04). In every case one hash is made, and one
 * statement writes the same rows. Round trips: 1; 0 for a refused password, whether the address is free or taken.
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 * @throws AuthError rate_limited when the client is over its limit of mails, for every address alike. An address over
 * its own limit is answered as if a mail had been sent, since the client must not learn what others have requested
 */
export async function requestAccount(deps: Deps, input: RegisterInput): Promise<void> {
  const { email, name, locale } = input;
  await refuseWeakPassword(deps, input.password, { email, pointer: '/password' });
  const passwordHash = await deps.hasher.hash(input.password);
  const subject = addressOf(deps.keyring, email).keys[0];
  const registration = { id: crypto.randomUUID(), email, name, locale, passwordHash, subject };
  const link = await prepareCountedLink(deps, 'confirm_registration', email);
  const isReserved = isReservedEmail(email);
  const refusedFor = await requestRegistration(deps.db, registration, isReserved, link, deps.metadata);
  if (refusedFor !== null) throw tooManyMails(refusedFor);
  deps.mail.sendSoon();
}

import { addressOf } from '../../../address/address-key.ts';
import type { Deps } from '../../../deps.ts';
import { tooManyMails } from '../../../mail/too-many-mails.ts';
import { prepareLinkTo } from '../../one-time-tokens/index.ts';
import { registrationCount, tooManyRegistrations } from '../../users/index.ts';
import { refuseWeakPassword } from '../new-password/refuse-weak-password.ts';
import type { RegisterInput } from './create-account.ts';
import { requestRegistration } from './request-registration.sql.ts';

/**
 * Registers somebody where accounts require verification (EMAIL_VERIFICATION=required): a mail has the next step, and
 * the answer does not reveal whether the address has an account (ENU-04). In every case one hash is made, and one
 * batch writes the same rows. Where registration is closed nothing is done for any address, and the answer is the same.
 * Round trips: 1; 0 for a refused password, whether the address is free or taken, and where registration is closed.
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 * @throws AuthError rate_limited when the client is over its limit of registrations or of mails, for every address alike.
 * An address over its own limit is answered as if a mail had been sent, since the client must not learn what others have
 * requested
 */
export async function requestAccount(deps: Deps, input: RegisterInput): Promise<void> {
  // A refusal would be as blind to the address as this is. Silence keeps the one answer of this mode, and costs the same
  // for every address: no hash, no statement, no mail.
  if (!deps.config.isRegistrationOpen) return;
  const { email, name, locale } = input;
  await refuseWeakPassword(deps, input.password, { email, pointer: '/password' });
  const passwordHash = await deps.hasher.hash(input.password);
  const address = addressOf(deps.keyring, email);
  const id = crypto.randomUUID();
  const registration = { id, email, name, locale, passwordHash, subject: address.keys[0] };
  const { client } = deps.mail;
  const link = await prepareLinkTo(deps, email, 'confirm_registration');
  const refusal = await requestRegistration(
    deps.db,
    registration,
    address,
    { ...link, client },
    { count: registrationCount(client), secondFactors: (await deps.loadRules()).secondFactors },
    deps.metadata,
  );
  if (refusal.registrations !== null) throw tooManyRegistrations(refusal.registrations);
  if (refusal.mails !== null) throw tooManyMails(refusal.mails);
  deps.mail.sendSoon();
}

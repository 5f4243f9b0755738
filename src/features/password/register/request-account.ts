import type { Deps } from '../../../deps.ts';
import { unknownSubject } from '../../../rate-limit/unknown-subject.ts';
import { isReservedEmail } from '../../users/index.ts';
import { refuseWeakPassword } from '../new-password/refuse-weak-password.ts';
import { prepareCountedLink, type RegisterInput } from './create-account.ts';
import { requestRegistration } from './queries.ts';

/**
 * Signs somebody up where accounts begin with the verification: a mail says how to go on, and nothing in the answer says
 * whether the address has an account (SECURITY ENU-04). Whatever is the case, one hash is made and one statement run with
 * the same rows. Round trips: 1; 0 for a refused password, whether the address is free or taken.
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 */
export async function requestAccount(deps: Deps, input: RegisterInput): Promise<void> {
  const { email, name, locale } = input;
  await refuseWeakPassword(deps, input.password, { email, pointer: '/password' });
  const passwordHash = await deps.hasher.hash(input.password);
  const subject = unknownSubject(deps.secrets, email);
  const registration = { id: crypto.randomUUID(), email, name, locale, passwordHash, subject };
  const link = await prepareCountedLink(deps, 'confirm_registration', email);
  await requestRegistration(deps.db, registration, isReservedEmail(email), link, deps.client);
  deps.mail.sendSoon();
}

import { addressOf } from '../../../address/address-key.ts';
import type { Deps } from '../../../deps.ts';
import { prepareLinkTo } from '../../one-time-tokens/index.ts';
import {
  type Challenge,
  completeOpening,
  passwordOpening,
  type SignIn,
  type SignInSettings,
} from '../../sign-in/index.ts';
import { isReservedEmail, registrationCount, tooManyRegistrations, userErrors } from '../../users/index.ts';
import { passwordErrors } from '../errors.ts';
import { refuseWeakPassword } from '../new-password/refuse-weak-password.ts';
import { registerUser, type VerificationMail } from './register-user.sql.ts';

export interface RegisterInput extends SignInSettings {
  /** Canonical. */
  readonly email: string;
  readonly name: string;
  readonly password: string;
  /** BCP 47 tag of the browser's first language, null when it sent none. */
  readonly locale: string | null;
}

/**
 * Creates an account and signs in. The password is checked and hashed first, so that one transaction does the rest:
 * user, session and event exist together or not at all, and so does the verification mail with
 * EMAIL_VERIFICATION=optional, unless the address or the client is over its limit. Round trips: 1; 0 for a refused
 * password, whether the address is free or taken, for a reserved address, and where registration is closed.
 * @throws AuthError registration_closed before anything is read or hashed, whatever the address and the password
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 * @throws AuthError email_taken also while the former owner of the address can still have it back
 * @throws AuthError rate_limited
 */
export async function createAccount(deps: Deps, input: RegisterInput): Promise<SignIn | Challenge> {
  if (!deps.config.isRegistrationOpen) throw userErrors.registration_closed();
  const { email, name, locale } = input;
  await refuseWeakPassword(deps, input.password, { email, pointer: '/password' });
  // This is public, so no hash has to hide it: nothing is read, hashed or written for an address that nobody can
  // have.
  if (isReservedEmail(email)) throw passwordErrors.email_taken();
  const passwordHash = await deps.hasher.hash(input.password);
  const opening = await passwordOpening(deps, input);
  const address = addressOf(deps.keyring, email);
  const user = { id: crypto.randomUUID(), address, name, passwordHash, locale };
  const verification = await verificationMail(deps, email);
  const count = registrationCount(deps.mail.client);
  const registered = await registerUser(deps.db, user, opening, count, verification, deps.metadata);
  switch (registered.outcome) {
    case 'refused':
      throw tooManyRegistrations(registered.retryAfterSeconds);
    case 'taken':
      throw passwordErrors.email_taken();
    case 'created': {
      if (verification !== null) deps.mail.sendSoon();
      const signIn = await completeOpening(deps, input.device, opening, registered.row);
      if (signIn === null) throw new TypeError('a new account must be let in');
      return signIn;
    }
  }
}

async function verificationMail(deps: Deps, email: string): Promise<VerificationMail | null> {
  if (deps.config.emailVerification !== 'optional') return null;
  const link = await prepareLinkTo(deps, email, 'verify_email');
  return { ...link, client: deps.mail.client };
}

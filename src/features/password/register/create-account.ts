import { addressOf } from '../../../address-key.ts';
import type { Deps } from '../../../deps.ts';
import { createOneTimeToken, type OneTimeTokenKind } from '../../one-time-tokens/index.ts';
import { completeSignIn, passwordSession, type SignIn, type SignInSettings } from '../../sign-in/index.ts';
import { isReservedEmail } from '../../users/index.ts';
import { passwordErrors } from '../errors.ts';
import type { CountedLinkMail } from '../fragments.ts';
import { refuseWeakPassword } from '../new-password/refuse-weak-password.ts';
import { registerUser } from './queries.ts';

export interface RegisterInput extends SignInSettings {
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
 * password, whether the address is free or taken, and for a reserved address.
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 * @throws AuthError email_taken also while the former owner of the address can still have it back
 */
export async function createAccount(deps: Deps, input: RegisterInput): Promise<SignIn> {
  const { email, name, locale } = input;
  await refuseWeakPassword(deps, input.password, { email, pointer: '/password' });
  // This is public, so no hash has to hide it: nothing is read, hashed or written for an address that nobody can
  // have.
  if (isReservedEmail(email)) throw passwordErrors.email_taken();
  const passwordHash = await deps.hasher.hash(input.password);
  const session = await passwordSession(deps, input);
  const address = addressOf(deps.keyring, email);
  const user = { id: crypto.randomUUID(), address, name, passwordHash, locale };
  const isMailed = deps.config.emailVerification === 'optional';
  const verification = isMailed ? await prepareCountedLink(deps, 'verify_email', email) : null;
  const row = await registerUser(
    deps.db,
    user,
    session,
    verification,
    deps.metadata,
    deps.effects.userRegistered,
  );
  if (row === null) throw passwordErrors.email_taken();
  if (isMailed) deps.mail.sendSoon();
  return completeSignIn(deps, input.device, session, row);
}

/** Prepares a verification link in a mail that is counted with the other verification mails of the address. */
export async function prepareCountedLink(
  { keyring, mail }: Deps,
  kind: Extract<OneTimeTokenKind, 'verify_email' | 'confirm_registration'>,
  email: string,
): Promise<CountedLinkMail> {
  const token = createOneTimeToken(keyring, kind);
  return {
    token,
    mail: await mail.prepare(kind, token, [email]),
    budget: mail.budget('verification', email),
  };
}

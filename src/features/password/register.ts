import type { Deps } from '../../deps.ts';
import { unknownSubject } from '../../rate-limit/unknown-subject.ts';
import { completeSignIn, passwordSession, type SignIn, type SignInSettings } from '../sign-in/index.ts';
import { isReservedEmail } from '../users/index.ts';
import { passwordErrors } from './errors.ts';
import { refuseWeakPassword } from './new-password/refuse-weak-password.ts';
import { registerUser } from './queries.ts';

export interface RegisterInput extends SignInSettings {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  /** BCP 47 tag of the browser's first language, null when it sent none. */
  readonly locale: string | null;
}

/**
 * Creates an account and signs it in. The password is judged and hashed first, so that one statement does the rest: user,
 * session and event exist together or not at all. Round trips: 1, more only after a lost answer; 0 for a refused password,
 * whether the address is free or taken, and for a reserved address.
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 * @throws AuthError email_taken
 */
export async function register(deps: Deps, input: RegisterInput): Promise<SignIn> {
  const { email, name, locale } = input;
  await refuseWeakPassword(deps, input.password, { email, pointer: '/password' });
  // Public knowledge, so no hash hides it: nothing is read, hashed or written for an address that nobody can have.
  if (isReservedEmail(email)) throw passwordErrors.email_taken();
  const passwordHash = await deps.hasher.hash(input.password);
  const session = await passwordSession(deps, input);
  const subject = unknownSubject(deps.secrets, email);
  const user = { id: crypto.randomUUID(), email, name, passwordHash, locale, subject };
  const create = () => registerUser(deps.db, user, session, deps.client, deps.effects.userRegistered);
  let row = await create();
  // A first try that was still running when it was repeated takes the address, and its repeat does not see its rows.
  if (row === null && deps.db.roundTrips > 1) row = await create();
  if (row === null) throw passwordErrors.email_taken();
  return completeSignIn(deps, input.device, session, row);
}

import type { Deps } from '../../../deps.ts';
import { passwordErrors } from '../errors.ts';
import { isBreached } from './breached-passwords.ts';
import { loadCommonPasswords } from './common-passwords.ts';
import { contextWords } from './context-words.ts';
import { findWeakness, type Weakness } from './find-weakness.ts';

const reasons: Readonly<Record<Weakness, string>> = {
  common: 'This is a common password, or very similar to one.',
  pattern: 'This is a sequence or a repetition, which is easy to guess.',
  context: 'This is based on your e-mail address or on the name of this service.',
};
const breachReason = 'This password has appeared in a data breach, so attackers try it on other accounts.';

/** The account of a new password, and the place of the password in the request. */
export interface NewPasswordContext {
  /** The account's address in its canonical form; null when it is not known yet and checked later. */
  readonly email: string | null;
  /** RFC 6901 pointer to the password, for the form that shows the reason. */
  readonly pointer: string;
}

/**
 * Refuses a new password that is common, a pattern, made of the address or the product's name, or known from a breach
 * (ASVS 6.2.4, 6.2.11, 6.2.12). The breach service is asked only about passwords that pass the other checks, and the
 * database never, so the answer reveals nothing about accounts. An existing password is never checked.
 *
 * Round trips: 0. Waits at most 800 ms for the breach service.
 *
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 */
export async function refuseWeakPassword(
  deps: Deps,
  password: string,
  context: NewPasswordContext,
): Promise<void> {
  await refuseGuessablePassword(password, context);
  if (deps.config.password.isBreachCheckEnabled && (await isBreached(deps, password))) {
    const error = { pointer: context.pointer, code: 'password_breached', message: breachReason };
    throw passwordErrors.password_breached({ errors: [error] });
  }
}

/**
 * Like `refuseWeakPassword`, without the breach service.
 * @throws AuthError password_too_common
 */
export async function refuseGuessablePassword(
  password: string,
  { email, pointer }: NewPasswordContext,
): Promise<void> {
  const words = { common: await loadCommonPasswords(), context: contextWords(email ?? '') };
  const weakness = findWeakness(password, words);
  if (weakness === null) return;
  const error = { pointer, code: 'password_too_common', message: reasons[weakness] };
  throw passwordErrors.password_too_common({ errors: [error] });
}

import type { Deps } from '../../../deps.ts';
import { passwordErrors } from '../errors.ts';
import { isBreached } from './breached-passwords.ts';
import { loadCommonPasswords } from './common-passwords.ts';
import { contextWords } from './context-words.ts';
import { findWeakness, type Weakness } from './find-weakness.ts';

const reasons: Readonly<Record<Weakness, string>> = {
  common: 'This is one of the passwords that are guessed first, or nearly one.',
  pattern: 'This is a sequence or a repetition, which is guessed early.',
  context: 'This is made of your e-mail address or of the name of this service.',
};
const breachReason = 'This password has appeared in a data breach, so it is tried on other accounts.';

/** Whose password it is to be, and where the request has it. */
export interface NewPasswordContext {
  /** The account's address in its canonical form; null where it is not known, and judged apart. */
  readonly email: string | null;
  /** RFC 6901 pointer to the password, for the form that shows the reason. */
  readonly pointer: string;
}

/**
 * Refuses a password that is about to be set when it is common, a pattern, made of the address or the product's name, or
 * known from a breach (ASVS 6.2.4, 6.2.11, 6.2.12). Asks nobody about a password that it can refuse itself, and never
 * the database, so the answer says nothing about accounts. A password that is presented is never judged by this.
 *
 * Round trips: 0. At most 800 ms, waiting for the breach service.
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
 * The same without the breach service: all that is known here.
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

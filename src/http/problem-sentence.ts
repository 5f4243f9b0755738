import type { AuthError } from '../errors.ts';
import type { Language } from '../languages/language.ts';

/** What a person reads of a failure, in their language; in English where that has no sentence for it. */
export function problemSentence(
  { code, spec, options }: AuthError,
  { errors, fieldErrors }: Language,
): string {
  if (code !== 'validation_failed') return errors[code] ?? spec.title;
  const codes = (options.errors ?? []).map((error) => error.code);
  if (codes.includes('required')) return fieldErrors.required;
  if (codes.includes('too_short')) return fieldErrors.tooShort;
  if (codes.includes('too_long')) return fieldErrors.tooLong;
  if (codes.includes('mismatch')) return fieldErrors.mismatch;
  return fieldErrors.invalid;
}

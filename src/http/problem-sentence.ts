import type { AuthError } from '../errors.ts';
import type { Language } from '../languages/language.ts';

/** Returns the sentence about a failure in the user's language; in English for one that languages do not have. */
export function problemSentence(
  { code, spec, options }: AuthError,
  { errors, fieldErrors }: Language,
): string {
  const sentences: Readonly<Record<string, string>> = errors;
  if (code !== 'validation_failed') return sentences[code] ?? spec.title;
  const codes = (options.errors ?? []).map((error) => error.code);
  if (codes.includes('required')) return fieldErrors.required;
  if (codes.includes('too_short')) return fieldErrors.tooShort;
  if (codes.includes('too_long')) return fieldErrors.tooLong;
  if (codes.includes('mismatch')) return fieldErrors.mismatch;
  return fieldErrors.invalid;
}

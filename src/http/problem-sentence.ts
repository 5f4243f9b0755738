import type { AuthError, FieldError } from '../errors.ts';
import type { PageLanguage } from '../languages/page-language.ts';

/** Returns the sentence about a failure in the reader's language; in English for one that languages do not have. */
export function problemSentence({ code, spec, options }: AuthError, language: PageLanguage): string {
  const sentences: Readonly<Record<string, string>> = language.errors;
  if (code !== 'validation_failed') return sentences[code] ?? spec.title;
  const errors = options.errors ?? [];
  const [first] = errors;
  return errors.length === 1 && first !== undefined
    ? fieldSentence(first, language)
    : language.fieldErrors.several;
}

/** What is wrong with one field. */
export function fieldSentence({ pointer, code }: FieldError, { fieldErrors }: PageLanguage): string {
  const isPassword = /password/i.test(pointer);
  switch (code) {
    case 'required':
      return fieldErrors.required;
    case 'too_short':
      return isPassword ? fieldErrors.tooShort : fieldErrors.required;
    case 'too_long':
      return isPassword ? fieldErrors.passwordTooLong : fieldErrors.tooLong;
    case 'mismatch':
      return fieldErrors.mismatch;
    default:
      return /email$/i.test(pointer) ? fieldErrors.email : fieldErrors.invalid;
  }
}

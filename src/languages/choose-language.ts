import { de } from './de.ts';
import { en } from './en.ts';
import type { Language } from './language.ts';

/** Every language, by its tag: one line each. */
export const languages: Readonly<Record<string, Language>> = { en, de };

/** Returns the language of a BCP 47 tag, by its first part; English if there is none. */
export function chooseLanguage(tag: string | null): Language {
  const name = tag?.split('-')[0]?.toLowerCase() ?? '';
  return Object.hasOwn(languages, name) ? (languages[name] ?? en) : en;
}

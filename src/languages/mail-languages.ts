import { de } from './de.ts';
import { en } from './en.ts';
import type { MailLanguage } from './mail-language.ts';

/** The texts of mails in every language, by its tag: one line each. */
export const mailLanguages: Readonly<Record<string, MailLanguage>> = { en, de };

/** Returns the language of a BCP 47 tag, by its first part; English if there is none. */
export function chooseMailLanguage(tag: string | null): MailLanguage {
  const name = tag?.split('-')[0]?.toLowerCase() ?? '';
  return Object.hasOwn(mailLanguages, name) ? (mailLanguages[name] ?? en) : en;
}

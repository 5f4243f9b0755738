import { pageTexts as de } from './de/pages.ts';
import { pageTexts as en } from './en/pages.ts';
import type { PageLanguage } from './page-language.ts';

/** The texts of pages in every language, by its tag: one line each. */
export const pageLanguages: Readonly<Record<string, PageLanguage>> = { en, de };

/** The languages that a reader can choose. */
export const pageLanguageChoices = Object.values(pageLanguages).map(({ tag, name }) => ({ tag, name }));

/** Returns the language of a BCP 47 tag, by its first part; English if there is none. */
export function choosePageLanguage(tag: string | null): PageLanguage {
  const name = tag?.split('-')[0]?.toLowerCase() ?? '';
  return Object.hasOwn(pageLanguages, name) ? (pageLanguages[name] ?? en) : en;
}

import { chooseLanguage } from '../languages/choose-language.ts';
import type { Language } from '../languages/language.ts';
import { preferredLocale } from './accept-language.ts';
import type { RequestContext } from './context.ts';

/** Returns the language that the browser prefers. */
export function pageLanguage(c: RequestContext): Language {
  return chooseLanguage(preferredLocale(c.req.raw.headers));
}

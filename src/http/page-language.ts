import { chooseLanguage } from '../languages/choose-language.ts';
import type { Language } from '../languages/language.ts';
import { preferredLocale } from './accept-language.ts';
import type { RequestContext } from './context.ts';

/** The language that the browser asks for. */
export function pageLanguage(c: RequestContext): Language {
  return chooseLanguage(preferredLocale(c.req.raw.headers));
}

import type { PageLanguage } from '../languages/page-language.ts';
import { preferredLocale } from './accept-language.ts';
import { hostCookie, readCookie } from './cookies.ts';

const cookieName = '__Host-nexora_language';
const ttlSeconds = 400 * 86_400; // the maximum of browsers (RFC 6265bis section 5.5)

/** Returns the language that was chosen on a page, else the one that the browser prefers. Its texts are loaded on first use. */
export async function readPageLanguage(headers: Headers): Promise<PageLanguage> {
  const { choosePageLanguage } = await import('../languages/page-languages.ts');
  return choosePageLanguage(pageLocale(headers));
}

/** The BCP 47 tag of that language, for mails; null where nothing is known. */
export function pageLocale(headers: Headers): string | null {
  const chosen = readCookie(headers.get('Cookie'), cookieName);
  return chosen !== null && /^[a-z]{2}$/.test(chosen) ? chosen : preferredLocale(headers);
}

/** Remembers the language that was chosen. */
export function setPageLanguage(headers: Headers, tag: string): void {
  headers.append('Set-Cookie', hostCookie(cookieName, tag, ttlSeconds));
}

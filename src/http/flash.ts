import type { PageLanguage } from '../languages/page-language.ts';
import { expiredHostCookie, hostCookie, readCookie } from './cookies.ts';

/** What was done, as the next page tells it. The sentences are in `src/languages`. */
export type FlashName = keyof PageLanguage['flashes'];

/*
 * In a cookie and not in the address, so that no link makes a page say that something was done.
 */
const cookieName = '__Host-nexora_notice';
const ttlSeconds = 60;

/** Lets the next page tell what was done. */
export function setFlash(headers: Headers, name: FlashName): void {
  headers.append('Set-Cookie', hostCookie(cookieName, name, ttlSeconds));
}

/** What was done just now; null for nothing. */
export function readFlash(headers: Headers): string | null {
  return readCookie(headers.get('Cookie'), cookieName);
}

/** Forgets what was done, once a page has told it. */
export function clearFlash(headers: Headers): void {
  headers.append('Set-Cookie', expiredHostCookie(cookieName));
}

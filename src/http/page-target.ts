import type { Config } from '../config.ts';
import { redirectTarget } from '../request/redirect-target.ts';
import { expiredHostCookie, hostCookie, readCookie } from './cookies.ts';

/** Where a sign-in on a page leads in the end. */
export interface PageTarget {
  /** A checked URL, absolute. */
  readonly href: string;
  /** As the pages on the way hand it on; undefined for the default. */
  readonly redirectTo: string | undefined;
  /** Its origin, where that is another one. */
  readonly formTarget: string | undefined;
}

/** The checked target of a page: the default where none was asked for, or one that is not allowed (OAU-10). */
export function pageTarget(config: Config, asked: string | undefined): PageTarget {
  const checked = asked === undefined ? null : redirectTarget(config, asked, { isForApp: false });
  const href = checked ?? new URL(config.pages.defaultRedirect, config.baseUrl).href;
  const { origin } = new URL(href);
  return {
    href,
    redirectTo: checked === null ? undefined : asked,
    formTarget: origin === config.baseUrl ? undefined : origin,
  };
}

/** A page on the way, with the target. @param path may have a query */
export function withTarget(path: string, { redirectTo }: Pick<PageTarget, 'redirectTo'>): string {
  if (redirectTo === undefined) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams({ redirectTo })}`;
}

const cookieName = '__Host-nexora_target';
/** As long as the link lives that a registration waits for. */
const ttlSeconds = 86_400;

/** Remembers the target of a registration that waits for its mail, whose link knows nothing of it. */
export function setPageTarget(headers: Headers, { redirectTo }: PageTarget): void {
  if (redirectTo === undefined) return;
  headers.append('Set-Cookie', hostCookie(cookieName, encodeURIComponent(redirectTo), ttlSeconds));
}

/** The target that the browser remembers, checked anew; null where it remembers none. */
export function rememberedTarget(headers: Headers, config: Config): PageTarget | null {
  const text = readCookie(headers.get('Cookie'), cookieName);
  const target = text === null ? null : pageTarget(config, decoded(text));
  return target?.redirectTo === undefined ? null : target;
}

/** Forgets the target, once the browser has been led there. */
export function clearPageTarget(headers: Headers): void {
  headers.append('Set-Cookie', expiredHostCookie(cookieName));
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

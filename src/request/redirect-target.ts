import type { Config } from '../config.ts';

const lengthMax = 1024;
/** As the cookie of the visit keeps it, where each letter may have become nine: browsers drop cookies of over 4096 bytes. */
const hrefLengthMax = 1280;

/**
 * Where a browser may be sent after a sign-in or a visit to a provider, as an absolute URL: a path of this service, a
 * URL of a listed origin or, for whoever gets a code, a URL of APP_REDIRECTS to the letter. Null for anything else
 * (OAU-10, RFC 9700 section 4.11). Undefined is the default.
 */
export function redirectTarget(
  {
    baseUrl,
    allowedOrigins,
    redirects,
    pages,
  }: Pick<Config, 'baseUrl' | 'allowedOrigins' | 'redirects' | 'pages'>,
  asked: string | undefined,
  { isForApp }: { readonly isForApp: boolean },
): string | null {
  const text = asked ?? pages.defaultRedirect;
  // The operator's own, checked with the configuration.
  if (asked === undefined) return new URL(text, baseUrl).href;
  if (isForApp && redirects.appRedirects.has(text)) return text;
  // Parsers of browsers drop tabs and line breaks, and take a backslash for a slash.
  if (text.length > lengthMax || /[\s\\\p{Cc}]/u.test(text) || !text.isWellFormed()) return null;
  const isPath = text.startsWith('/') && !text.startsWith('//');
  const url = isPath ? URL.parse(text, baseUrl) : URL.parse(text);
  if (url === null || url.href.length > hrefLengthMax) return null;
  if (url.username !== '' || url.password !== '') return null;
  if (!isPath && !/^https?:\/\/[^/]/.test(text)) return null;
  return url.origin === baseUrl || allowedOrigins.has(url.origin) ? url.href : null;
}

/** The URL with a parameter: a code for an app, or why there is none. */
export function withParameter(target: string, name: 'code' | 'error', value: string): string {
  const url = new URL(target);
  for (const earlier of ['code', 'error']) url.searchParams.delete(earlier);
  url.searchParams.set(name, value);
  return url.href;
}

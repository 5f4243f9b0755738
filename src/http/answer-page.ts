import type { Config } from '../config.ts';
import type { PageLanguage } from '../languages/page-language.ts';
import type { Brand } from '../ui/brand.ts';
import type { PageView } from '../ui/page-view.ts';
import type { RequestContext } from './context.ts';
import { clearFlash, readFlash } from './flash.ts';

/** The paths of pages that are there whatever is configured, where failures are answered as pages as well. */
const pagePaths = /^\/(?:auth|dev)(?:\/|$)/;

/** The paths of hosted pages, and what lies behind them. */
const hostedPaths =
  /^\/(?:(?:login|register|account|forgot-password|reset-password|check-your-mail|reauthenticate|logout|language)(?:\/|$)|$)/;

/** Whether a request is for a page for a person, rather than for the API, also where it reaches no route. */
export function isForPage(c: RequestContext): boolean {
  const { path } = c.req;
  return (
    c.get('isPage') ??
    (pagePaths.test(path) || (c.get('deps')?.config.pages.areHosted === true && hostedPaths.test(path)))
  );
}

/** While the configuration cannot be read. */
const noBrand: Brand = {
  name: 'NEXORA Auth',
  color: '#2b54c9',
  ...{ logoUrl: null, termsUrl: null, privacyUrl: null, supportUrl: null },
};

/**
 * Answers with a page for a person. It loads nothing but a logo of this service, and runs its own script alone, by a nonce
 * (HDR-03). `Referrer-Policy` is not `no-referrer`, with which browsers would send `Origin: null` with the page's own form
 * (HDR-02, RST-09). What makes pages is evaluated when the first one is asked for.
 */
export async function answerPage(
  c: RequestContext,
  status: number,
  { language, view, headers: further = {} }: PageAnswer,
): Promise<Response> {
  const [{ renderPage }, { pageLanguageChoices }] = await Promise.all([
    import('../ui/frame.tsx'),
    import('../languages/page-languages.ts'),
  ]);
  const config = c.get('deps')?.config;
  const areHosted = config?.pages.areHosted ?? false;
  const nonce = randomNonce();
  const told = status === 200 ? toldFlash(c, language) : null;
  const html = renderPage(view, {
    ...{ lang: language.tag, text: language.frame, nonce },
    brand: config?.brand ?? noBrand,
    home: config === undefined ? null : homeOf(config),
    flash: told,
    languages: areHosted ? pageLanguageChoices : [],
    returnTo: view.shownAt ?? pathShown(c),
  });
  const headers = new Headers({
    ...further,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Language': language.tag,
    'Content-Security-Policy': policyOf(view, nonce),
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  });
  if (told !== null) clearFlash(headers);
  return new Response(html, { status, headers });
}

/** What is shown, and in which language. */
export interface PageAnswer {
  readonly language: PageLanguage;
  readonly view: PageView;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where people are at home: at their account here, or at the application that has pages of its own. */
export function homeOf({ pages }: Pick<Config, 'pages'>): string | null {
  if (pages.areHosted) return '/';
  // The default is one of the pages that are not there.
  return pages.defaultRedirect === '/account' ? null : pages.defaultRedirect;
}

function policyOf({ formTarget }: PageView, nonce: string): string {
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "img-src 'self' data:",
    formTarget === undefined ? "form-action 'self'" : `form-action 'self' ${formTarget}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
  ].join('; ');
}

function randomNonce(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
}

function toldFlash(c: RequestContext, { flashes }: PageLanguage): string | null {
  const name = readFlash(c.req.raw.headers);
  const sentences: Readonly<Record<string, string>> = flashes;
  return name !== null && Object.hasOwn(sentences, name) ? (sentences[name] ?? null) : null;
}

/** What a link to this page is. The address of a form that was posted has no query. */
function pathShown(c: RequestContext): string {
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}

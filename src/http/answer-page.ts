import type { PageView } from '../ui/page-view.ts';
import { pagePolicy, renderPage } from '../ui/render-page.tsx';

/** Where pages live: a failure there is answered as a page as well. */
const pagePaths = /^\/(?:auth|dev)(?:\/|$)/;

/** Whether a person's browser asks, and not a client of the API. */
export function isPagePath(path: string): boolean {
  return pagePaths.test(path);
}

/**
 * Answers a page for a person. With `no-referrer`, browsers would send `Origin: null` with the page's own form (SECURITY
 * HDR-02, RST-09).
 */
export function answerPage(
  status: number,
  view: PageView,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(renderPage(view), {
    status,
    headers: {
      ...headers,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': view.lang,
      'Content-Security-Policy': pagePolicy(),
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    },
  });
}

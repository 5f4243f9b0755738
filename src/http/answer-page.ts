import type { PageView } from '../ui/page-view.ts';
import { pagePolicy, renderPage } from '../ui/render-page.tsx';

/** The paths of pages, where failures are answered as pages as well. */
const pagePaths = /^\/(?:auth|dev)(?:\/|$)/;

/** Whether the path belongs to a page for a person, rather than to the API. */
export function isPagePath(path: string): boolean {
  return pagePaths.test(path);
}

/**
 * Answers with a page for a person. `Referrer-Policy` is not `no-referrer`, with which browsers would send `Origin:
 * null` with the page's own form (HDR-02, RST-09).
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

import { expect } from 'vitest';
import type { Answer } from '../support/client.ts';
import { innards } from './expect-problem.ts';

/** What a page may differ in from others. */
interface PageExpectation {
  readonly context?: string;
  /** The origin, besides our own, to which its forms may lead. */
  readonly formTarget?: string | undefined;
}

/**
 * Checks that a person is told something, in a page that loads nothing from elsewhere and runs nothing but its own script,
 * by a nonce (HDR-01, HDR-02, HDR-03, HDR-08, RST-09). Returns what it shows, without the script and the style.
 */
export function expectPage(
  answer: Answer,
  status: number,
  expectation: PageExpectation | string = {},
): string {
  const { context = '', formTarget } =
    typeof expectation === 'string' ? { context: expectation } : expectation;
  const { headers, text, status: actual } = answer;
  expect(actual, `${context} ${text.slice(text.indexOf('<main'))}`).toBe(status);
  expect(headers.get('Content-Type'), context).toBe('text/html; charset=utf-8');
  expect(headers.get('Referrer-Policy'), context).toBe('same-origin');
  expect(headers.get('Cross-Origin-Opener-Policy'), context).toBe('same-origin');
  expect(headers.get('Cache-Control'), context).toBe('no-store');
  expect(headers.get('X-Content-Type-Options'), context).toBe('nosniff');
  expect(headers.get('Strict-Transport-Security'), context).toBe('max-age=63072000; includeSubDomains');
  const nonce = nonceOf(answer);
  expect(headers.get('Content-Security-Policy')?.split('; ').toSorted(), context).toEqual([
    "base-uri 'none'",
    "default-src 'none'",
    formTarget === undefined ? "form-action 'self'" : `form-action 'self' ${formTarget}`,
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "object-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
  ]);
  if (text === '') return '';
  expect(text, context).toMatch(/^<!doctype html><html lang="[a-z]{2}">/);
  expect(text, context).toMatch(/<h1>[^<]+<\/h1>/);
  const shown = withoutScripts(text, nonce);
  const markup = shown.replace(/"[^"]*"/g, '""');
  // No script but by the nonce, none in an attribute, and no style there.
  expect(markup, context).not.toMatch(/<(?:script|style|iframe|object|embed|base)\b|\s(?:on\w+|style)=/i);
  expect(markup, context).not.toMatch(/https?:\/\//i);
  for (const source of attributes(shown, 'src'))
    expect(source, context).toMatch(/^(?:data:image\/|\/(?!\/))/);
  for (const [, relation, href] of shown.matchAll(/<link rel="(\w+)" href="([^"]*)"/g))
    expect([relation, href?.slice(0, 11)], context).toEqual(['icon', 'data:image/']);
  expect(shown.match(/<link\b/g)?.length, context).toBe(1);
  for (const action of attributes(shown, 'action')) expect(action, context).toMatch(/^\/(?!\/)/);
  expect(shown, context).not.toMatch(innards);
  return shown;
}

/** The nonce of the policy: 128 bits. */
export function nonceOf({ headers }: Answer): string {
  const nonce = /script-src 'nonce-([^']*)'/.exec(headers.get('Content-Security-Policy') ?? '')?.[1] ?? '';
  expect(nonce).toMatch(/^[A-Za-z\d+/]{22}==$/);
  return nonce;
}

/** What stands on the page, without its own script and style, which the nonce lets run. */
function withoutScripts(text: string, nonce: string): string {
  const isOurs = (element: string) => element.startsWith(' nonce=') && element.includes(nonce);
  return text.replace(/<(script|style)\b([^>]*)>[^<]*<\/\1>/g, (all, _name, rest) =>
    isOurs(rest) ? '' : all,
  );
}

/**
 * What people see of a page or follow from it, with what it has typed for them: all but the address to which a choice of the
 * language returns, which is a path of this service (HDR-04).
 */
export function visiblePart(answer: Answer): string {
  const shown = withoutScripts(answer.text, nonceOf(answer));
  const [, returnTo = '/'] =
    /<footer>.*<input type="hidden" name="returnTo" value="([^"]*)"/.exec(shown) ?? [];
  expect(returnTo).toMatch(/^\/(?![/\\])/);
  return shown.replace(/(<footer>.*<input type="hidden" name="returnTo" value=")[^"]*"/, '$1"');
}

/** The values that an attribute has on the page, as they stand there. */
export function attributes(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map(([, value = '']) => value);
}

/** The page without what differs between two answers of the same: the request's id and the nonce. */
export function withoutReference(text: string): string {
  return text
    .replace(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, '')
    .replace(/ nonce="[^"]*"/g, '')
    .replace(/(<input type="hidden" name="returnTo" value=")[^"]*"/g, '$1"');
}

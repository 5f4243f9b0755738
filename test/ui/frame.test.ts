import { describe, expect, test } from 'vitest';
import type { Brand } from '../../src/ui/brand.ts';
import { type FrameOptions, renderPage } from '../../src/ui/frame.tsx';
import type { PageView } from '../../src/ui/page-view.ts';

const brand: Brand = {
  name: 'Example',
  color: '#2b54c9',
  ...{ logoUrl: null, termsUrl: null, privacyUrl: null, supportUrl: null },
};
const text = {
  ...{ skip: 'Skip', navigation: 'Account', language: 'Language' },
  ...{ terms: 'Terms', privacy: 'Privacy', support: 'Help' },
};
const options: FrameOptions = {
  ...{ lang: 'en', text, brand, home: '/', flash: null, languages: [], returnTo: '/', nonce: 'n0nce' },
};
const view: PageView = { title: 'Page', body: 'Body.' };
const evil = `"><script>alert('1')</script>&`;

describe('renderPage', () => {
  test('has neither a flash, a form, a menu nor a link to elsewhere where the page has none', () => {
    const page = renderPage(view, options);
    expect(page).toMatch(/^<!doctype html><html lang="en">/);
    expect(page).not.toMatch(/role="status"|<form|<button|<nav|http-equiv/);
    expect(page).toContain('<title>Page · Example</title>');
    expect(page).toContain('<main id="main" class="narrow"><h1>Page</h1>Body.</main>');
  });

  test('lets nothing run but what has the nonce (HDR-03)', () => {
    for (const page of [renderPage(view, options), renderPage({ ...view, hasSecretQuery: true }, options)]) {
      const elements = page.match(/<(?:script|style)\b[^>]*>/g) ?? [];
      expect(elements.length).toBeGreaterThan(1);
      expect(elements.every((element) => element.endsWith(' nonce="n0nce">'))).toBe(true);
      expect(page).not.toMatch(/\s(?:on\w+|style)=/);
    }
  });

  test('forgets a query that has a token before anything else runs, and no other (RST-09)', () => {
    const forgetting = '<script nonce="n0nce">history.replaceState(null,\'\',location.pathname)</script>';
    const page = renderPage({ ...view, hasSecretQuery: true }, options);
    expect(page.indexOf(forgetting)).toBe(page.indexOf('<script'));
    expect(renderPage(view, options)).not.toContain(forgetting);
  });

  test('says what was done first, so that it is read first', () => {
    expect(renderPage(view, { ...options, flash: 'Saved.' })).toContain(
      '<h1>Page</h1><p class="notice" role="status">Saved.</p>Body.',
    );
  });

  test('escapes every text and every address of the page and of its frame (HDR-04)', () => {
    const page = renderPage(
      { title: evil, body: evil, navigation: [{ href: evil, text: evil, isCurrent: true }], forward: evil },
      {
        ...options,
        lang: evil,
        text: Object.fromEntries(Object.keys(text).map((name) => [name, evil])) as typeof text,
        brand: { ...brand, name: evil, logoUrl: evil, termsUrl: evil, privacyUrl: evil, supportUrl: evil },
        home: evil,
        flash: evil,
        languages: [{ tag: evil, name: evil }],
        returnTo: evil,
        nonce: evil,
      },
    );
    expect(page).not.toContain(evil);
    expect(page).not.toContain("alert('1')");
    // In the order of the page, with the title of the document, and the nonce of its style and its script.
    expect(page.match(/&quot;&gt;&lt;script&gt;alert\(&#39;1&#39;\)&lt;\/script&gt;&amp;/g)).toHaveLength(27);
  });

  test('shows the languages with the one that is read marked, and returns to the page', () => {
    const languages = [
      { tag: 'en', name: 'English' },
      { tag: 'de', name: 'Deutsch' },
    ];
    const page = renderPage(view, { ...options, languages, returnTo: '/login?a=b&c=d' });
    expect(page).toContain('<form method="post" action="/language" aria-label="Language">');
    expect(page).toContain('<input type="hidden" name="returnTo" value="/login?a=b&amp;c=d"/>');
    expect(page).toContain('value="en" lang="en" aria-current="true">English</button>');
    expect(page).toContain('value="de" lang="de">Deutsch</button>');
  });

  test('has its icon and its mark in itself, in the colour of the brand', () => {
    const page = renderPage(view, { ...options, brand: { ...brand, color: '#ffee00' } });
    expect(page).toContain('<link rel="icon" href="data:image/svg+xml,');
    expect(page).toContain('<rect width="32" height="32" rx="8" fill="#ffee00"></rect>');
    expect(page).toContain(':root{--brand:#ffee00;--on-brand:#000}');
    const withLogo = renderPage(view, { ...options, brand: { ...brand, logoUrl: '/logo.svg' } });
    expect(withLogo).toContain('<img src="/logo.svg" alt=""/>');
  });

  test('leads nowhere by its mark where there is no home', () => {
    expect(renderPage(view, { ...options, home: null })).toContain('<span class="brand">');
    expect(renderPage(view, options)).toContain('<a class="brand" href="/">');
  });
});

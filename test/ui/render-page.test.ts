import { describe, expect, test } from 'vitest';
import type { PageView } from '../../src/ui/page-view.ts';
import { renderPage } from '../../src/ui/render-page.tsx';

const view: PageView = { lang: 'en', title: 'Page', paragraphs: ['First.', 'Second.'] };

describe('renderPage', () => {
  test('has neither an alert nor a form where the page has none', () => {
    expect(renderPage(view)).not.toMatch(/role="alert"|<form|<button/);
  });

  test('puts the alert before everything else, so that it is read first', () => {
    expect(renderPage({ ...view, alert: 'Refused.' })).toContain(
      '<h1>Page</h1><p role="alert">Refused.</p><p>First.</p>',
    );
  });

  test('makes a form of its own of each button', () => {
    const buttons = [
      { action: '/page', hidden: { do: 'one', to: 'a' }, text: 'One', note: 'This is one.' },
      { action: '/page', hidden: { do: 'two' }, text: 'Two', note: null },
    ];
    expect(renderPage({ ...view, buttons })).toContain(
      [
        '<form method="post" action="/page">',
        '<input type="hidden" name="do" value="one"/><input type="hidden" name="to" value="a"/>',
        '<button type="submit">One</button><br/><small>This is one.</small></form>',
        '<form method="post" action="/page"><input type="hidden" name="do" value="two"/>',
        '<button type="submit">Two</button></form>',
      ].join(''),
    );
  });

  test('escapes every text of an alert and of a button (HDR-04)', () => {
    const text = `"><script>alert('1')</script>&`;
    const button = { action: text, hidden: { name: text }, text, note: text };
    const page = renderPage({ ...view, alert: text, buttons: [button] });
    expect(page).not.toContain(text);
    expect(page.match(/<script>/g)).toHaveLength(1);
    expect(page.match(/&quot;&gt;&lt;script&gt;/g)).toHaveLength(5);
  });
});

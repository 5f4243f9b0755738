import { beforeEach, describe, expect, test } from 'vitest';
import type { PageText } from '../../src/languages/en/link-pages.ts';
import { pageLanguages } from '../../src/languages/page-languages.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { formPages, insertForm, linkTo } from './page-table.ts';
import { declaredCodes } from './problem-codes.ts';
import { recordLog } from './recorded-log.ts';

const client = new TestClient();

beforeEach(() => void recordLog());

/** What a person reads on a page, with the entities of HTML as the characters that they stand for. */
function read({ text }: Answer): string {
  return text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

function titleOf(answer: Answer): string {
  return /<h1>([^<]+)<\/h1>/.exec(read(answer))?.[1] ?? '';
}

describe.each(Object.entries(pageLanguages))('in the language %s', (tag, language) => {
  const headers = { 'Accept-Language': `${tag}-001, zz;q=0.8` };
  const pages: readonly PageText[] = Object.values(language.pages);

  function expectLanguage(answer: Answer): void {
    expect(answer.headers.get('Content-Language')).toBe(tag);
    expect(answer.text).toContain(`<html lang="${tag}">`);
  }

  test.each(formPages)('%s is shown, refused and done', async (path) => {
    const form = await insertForm(client, path);
    const shown = await client.get(linkTo(path, form.token), { headers });
    expectLanguage(shown);
    const page = pages.find(({ title }) => title === titleOf(shown))!;
    for (const text of [...page.paragraphs, page.submit]) expect(read(shown)).toContain(text);
    const labels = [...read(shown).matchAll(/<label for="[\w-]+">([^<]+)/g)].map((match) => match[1]);
    expect(labels).toHaveLength(Object.keys(form).length - 1);
    for (const label of labels) expect(Object.values(language.fields)).toContain(label);

    const refused = await client.submit(path, { ...form, token: 'forged' }, { headers });
    expectLanguage(refused);
    expect(refused.status).toBe(400);
    expect(read(refused)).toContain(language.errors.token_invalid);

    const done = await client.submit(path, form, { headers });
    expectLanguage(done);
    expect(done.status).toBe(200);
    expect(titleOf(done)).toBe(page.done.title);
    for (const text of page.done.paragraphs) expect(read(done)).toContain(text);
  });

  test('a link without its token, and an address that no page has, are told of', async () => {
    const incomplete = await client.get('/auth/unlock', { headers });
    expectLanguage(incomplete);
    expect(read(incomplete)).toContain(language.errorPage.incompleteLink);
    const unknown = await client.get('/auth/nothing', { headers });
    expectLanguage(unknown);
    expect(titleOf(unknown)).toBe(language.errorPage.title);
    for (const text of [language.errors.not_found, language.errorPage.reference])
      expect(read(unknown)).toContain(text);
  });

  test('every failure that a page tells has a code of the service', () => {
    const declared = declaredCodes().map((code) => code.split(' ')[0]);
    for (const code of Object.keys(language.errors)) expect(declared).toContain(code);
  });
});

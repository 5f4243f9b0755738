import { beforeEach, describe, expect, test } from 'vitest';
import type { PageText } from '../../src/languages/en/link-pages.ts';
import { pageTexts as en } from '../../src/languages/en/pages.ts';
import { pageLanguages } from '../../src/languages/page-languages.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { type FaultPlan, faultyEndpoint } from '../support/database.ts';
import { buttonsOf, readMain, titleOf } from '../support/shown-page.ts';
import { baseUrl } from '../support/test-env.ts';
import { databaseState } from './database-state.ts';
import { expectPage, nonceOf, visiblePart, withoutReference } from './expect-page.ts';
import { insertAccount } from './insert-account.ts';
import { oneOfEachOtherPage, otherPages, ownPages } from './origins.ts';
import { formOf, formPages, insertForm, linkTo, registeredPages } from './page-table.ts';
import { declaredCodes } from './problem-codes.ts';
import { recordLog } from './recorded-log.ts';
import { casesFor, isTriedInFull } from './route-choice.ts';

const client = new TestClient();
const misconfigured = new TestClient({ AUTH_SECRET: 'short' });
/** Whose links nobody uses. */
const account = await insertAccount(client);

const nonsense: FaultPlan = { always: 'garbage' };
const faults: [what: string, status: number, plan: FaultPlan][] = [
  ['that refuses', 503, { always: 'refuse' }],
  ['that answers nonsense', 503, nonsense],
  ['that finds an error', 500, { always: { sqlstate: '22P02' } }],
];

const broken = new Map<FaultPlan, TestClient>();
for (const [, , plan] of faults) {
  const { endpoint } = await faultyEndpoint(plan);
  broken.set(plan, new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }));
}

beforeEach(() => void recordLog());

test('every page with a form shows at its address what the form belongs to', () => {
  expect(registeredPages).toEqual(expect.arrayContaining([...formPages]));
});

describe.each(formPages)('%s', (path) => {
  /** One that is good, and is not sent. */
  const form = formOf(path, account);

  test('is looked at any number of times without an effect, and then works once (EML-05, RST-01)', async () => {
    const prepared = await insertForm(client, path);
    const before = await databaseState();
    for (const method of ['GET', 'HEAD', 'GET', 'GET', 'HEAD']) {
      const answer = await client.call(method, linkTo(path, prepared.token));
      expectPage(answer, 200, method);
      expect(answer.setCookies).toEqual([]);
      expect(answer.roundTrips).toBe(0);
    }
    expect(await databaseState()).toBe(before);
    expectPage(await client.submit(path, prepared), 200);
    expectPage(await client.submit(path, prepared), 400);
  });

  test('shows a form that posts to itself, with a label for every field (PWD-08, HDR-08, RST-09)', async () => {
    const shown = await client.get(linkTo(path, form.token));
    const { text } = shown;
    expect(text.match(/<form method="post" action="([^"]+)"/)?.[1]).toBe(path);
    expect(text).toContain(`<input type="hidden" name="token" value="${form.token}"`);
    const fields = [
      ...text.matchAll(/<input name="(\w+)" type="(\w+)" autocomplete="([\w-]+)" id="([\w-]+)"/g),
    ];
    expect(fields.map((field) => field[1])).toEqual(Object.keys(form).filter((name) => name !== 'token'));
    for (const [, , type, autocomplete] of fields) {
      expect(type).toBe('password');
      expect(autocomplete).toBe(path === '/auth/reset-password' ? 'new-password' : 'current-password');
    }
    const labelled = [...text.matchAll(/<label for="([\w-]+)">[^<]{3,}<\/label>/g)].map(([, id]) => id);
    expect(labelled).toEqual(fields.map(([, , , , id]) => id));
    expect(text).not.toMatch(/onpaste|maxlength|pattern=/);
    expect(buttonsOf(shown)).toHaveLength(1);
    // The token is moved out of the address as soon as it is shown.
    const [first] = shown.text.matchAll(/<script nonce="([^"]*)">([^<]*)<\/script>/g);
    expect(first?.slice(1)).toEqual([nonceOf(shown), "history.replaceState(null,'',location.pathname)"]);
  });

  test('says what to do where the token is missing', async () => {
    for (const address of [path, `${path}?token=`, `${path}?Token=x`])
      expectPage(await client.get(address), 400, address);
  });

  test('escapes what the address says (HDR-04)', async () => {
    for (const token of [
      '"><script>alert(1)</script>',
      "'><img src=x onerror=alert(1)>",
      '</form><b>',
      '&quot;',
    ]) {
      const answer = await client.get(linkTo(path, token));
      expectPage(answer, 200, token);
      expect(answer.text, token).not.toContain(token);
    }
    const answer = await client.get(`${linkTo(path, 'x')}&error=<b>no</b>&message=https://evil.example`);
    expectPage(answer, 200);
    expect(visiblePart(answer)).not.toMatch(/<b>|evil/);
  });

  test('takes the form from no page but one of our own, and the link is still good (CSR-03, CSR-05, CSR-06)', async () => {
    const sent = await insertForm(client, path);
    for (const [page, { ...headers }] of casesFor(path, otherPages, oneOfEachOtherPage)) {
      const answer = await client.call('POST', path, { form: sent, headers });
      expectPage(answer, 403, page);
      expect(answer.roundTrips, page).toBe(0);
    }
    expectPage(await client.submit(path, sent), 200);
  });

  test.each(casesFor(path, ownPages, []))('takes the form from %s (CSR-03)', async (_page, headers) => {
    expectPage(await client.call('POST', path, { form: await insertForm(client, path), headers }), 200);
  });

  test('answers a form that is not as it was shown without spending the link (INP-02, PWD-07)', async () => {
    const sent = await insertForm(client, path);
    const own = { Origin: baseUrl };
    const type = { ...own, 'Content-Type': 'application/x-www-form-urlencoded' };
    const text = new URLSearchParams(sent).toString();
    const refused: [status: number, body: string, headers: Record<string, string>][] = [
      [415, JSON.stringify(sent), { ...own, 'Content-Type': 'application/json' }],
      [415, text, { ...own, 'Content-Type': 'text/plain' }],
      [415, text, { ...type, 'Content-Encoding': 'gzip' }],
      [413, `${text}&x=${'x'.repeat(16_384)}`, type],
      [400, `${text}&token=${sent.token}`, type],
      [400, `${text}&another=1`, type],
      [400, '', type],
      [400, text.replace('token=', 'token=%FF'), type],
      [400, text.replace(sent.token, sent.token.slice(0, -1)), type],
    ];
    for (const [status, body, headers] of refused) {
      const request = new Request(`https://auth.test${path}`, { method: 'POST', body, headers });
      const answer = await client.send(request);
      expectPage(answer, status, body.slice(0, 200));
      expect(answer.roundTrips, body.slice(0, 200)).toBe(0);
    }
    expectPage(await client.submit(path, sent), 200);
  });

  test('takes no token of another kind, by the same words as a forged one (ENU-09)', async () => {
    const forged = await client.submit(path, { ...form, token: `${form.token.slice(0, -4)}AAAA` });
    expectPage(forged, 400);
    expect(forged.text).toContain(en.errors.token_invalid);
    for (const other of formPages.filter((candidate) => candidate !== path)) {
      const { token } = formOf(other, account);
      const answer = await client.submit(path, { ...form, token });
      expect(withoutReference(answer.text), other).toBe(withoutReference(forged.text));
      expect(answer.roundTrips, other).toBe(0);
    }
  });

  test('answers a wrong method with 405 and Allow', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await client.call(method, linkTo(path, form.token));
      expectPage(answer, 405, method);
      expect(answer.headers.get('Allow')).toBe('GET, HEAD, POST');
    }
  });

  // That an answer is nonsense and that there is none are one failure to a page.
  test.each(faults.filter(([, , plan]) => isTriedInFull(path) || plan !== nonsense))(
    'with a database %s says so and keeps the link good (DBF-01)',
    async (_what, status, plan) => {
      const [offline, sent] = [broken.get(plan)!, await insertForm(client, path)];
      // To look at it needs no database.
      expectPage(await offline.get(linkTo(path, sent.token)), 200);
      const answer = await offline.submit(path, sent);
      expectPage(answer, status);
      expect(answer.text).not.toContain(en.errors.token_invalid);
      expect(answer.headers.has('Retry-After')).toBe(status === 503);
      expectPage(await client.submit(path, sent), 200);
    },
  );

  test('says so while the configuration cannot be used', async () => {
    expectPage(await misconfigured.get(linkTo(path, form.token)), 503);
    expectPage(await misconfigured.submit(path, form), 503);
  });

  test('is limited like a password, and tells it in words (LIM-01, RST-07)', async () => {
    const strict = new TestClient({ RATE_LIMIT_PER_MINUTE: '5' });
    const guess = { ...form, token: 'nxp_guess' };
    const headers = { 'CF-Connecting-IP': '203.0.113.7' };
    const answers = [];
    for (let index = 0; index < 7; index++) answers.push(await strict.submit(path, guess, { headers }));
    expect(answers.map(({ status }) => status)).toContain(429);
    const limited = answers.at(-1)!;
    expectPage(limited, 429);
    expect(limited.text).toContain(en.errors.rate_limited);
    expect(limited.headers.has('Retry-After')).toBe(true);
  });
});

test('an unknown address among the pages is answered by a page', async () => {
  for (const address of ['/auth', '/auth/', '/auth/nothing', '/auth/verify-email/x.css', '/dev/nothing'])
    expectPage(await client.get(address), 404, address);
});

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
    for (const text of [...page.paragraphs, page.submit]) expect(readMain(shown)).toContain(text);
    const labels = [...readMain(shown).matchAll(/<label for="[\w-]+">([^<]+)/g)].map((match) => match[1]);
    expect(labels).toHaveLength(Object.keys(form).length - 1);
    for (const label of labels) expect(Object.values(language.fields)).toContain(label);

    const refused = await client.submit(path, { ...form, token: 'forged' }, { headers });
    expectLanguage(refused);
    expect(refused.status).toBe(400);
    expect(readMain(refused)).toContain(language.errors.token_invalid);

    const done = await client.submit(path, form, { headers });
    expectLanguage(done);
    expect(done.status).toBe(200);
    expect(titleOf(done)).toBe(page.done.title);
    for (const text of page.done.paragraphs) expect(readMain(done)).toContain(text);
  });

  test('a link without its token, and an address that no page has, are told of', async () => {
    const incomplete = await client.get('/auth/unlock', { headers });
    expectLanguage(incomplete);
    expect(readMain(incomplete)).toContain(language.errorPage.incompleteLink);
    const unknown = await client.get('/auth/nothing', { headers });
    expectLanguage(unknown);
    expect(titleOf(unknown)).toBe(language.errorPage.title);
    for (const text of [language.errors.not_found, language.errorPage.reference])
      expect(readMain(unknown)).toContain(text);
  });

  test('every failure that a page tells has a code of the service', () => {
    const declared = declaredCodes().map((code) => code.split(' ')[0]);
    for (const code of Object.keys(language.errors)) expect(declared).toContain(code);
  });
});

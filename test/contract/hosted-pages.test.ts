import { beforeEach, describe, expect, test } from 'vitest';
import { features } from '../../src/app.ts';
import { foldSite } from '../../src/feature.ts';
import { pageTexts as en } from '../../src/languages/en/pages.ts';
import { logIn } from '../support/accounts.ts';
import { type Answer, cookieHeader, TestClient } from '../support/client.ts';
import { led } from '../support/hosted-pages.ts';
import { alertOf, formsOf, linksOf } from '../support/shown-page.ts';
import { providerVariables } from '../support/social.ts';
import { databaseState } from './database-state.ts';
import { expectPage, nonceOf } from './expect-page.ts';
import { expectProblem } from './expect-problem.ts';
import {
  cookiesOf,
  type FormName,
  holderPages,
  hostedExample,
  hostedForm,
  hostedForms,
  hostedPages,
  hostedTable,
  insertSender,
  senderOf,
  submitForm,
} from './hosted-page-table.ts';
import { insertAccount } from './insert-account.ts';
import { oneOfEachOtherPage, otherPages, ownPages, type PageHeaders } from './origins.ts';
import { formPages, insertForm, linkTo } from './page-table.ts';
import { recordLog } from './recorded-log.ts';
import { casesFor } from './route-choice.ts';
import type { Account } from './route-table.ts';
import { sectionForms, type VisitorKind } from './section-form-table.ts';

const variables = providerVariables();
const client = new TestClient(variables);
/** The same service without its pages. */
const unhosted = new TestClient({ ...variables, HOSTED_PAGES: 'false' });
// For what changes nothing of it.
const account = await insertAccount(client);
beforeEach(() => void recordLog());

describe('the table of hosted pages', () => {
  test('has an example of every page, with a form of each, and of no other', () => {
    expect(Object.keys(hostedTable).toSorted()).toEqual(hostedPages.toSorted());
    for (const path of hostedPages) expect(Object.keys(hostedExample(path).forms), path).not.toEqual([]);
  });

  test('has every section of the pages of the account, and no other', () => {
    const sections = foldSite(features).accountSections.map(({ name }) => name);
    expect(Object.keys(sectionForms).toSorted()).toEqual(sections.toSorted());
  });

  test('has every form that the pages of an account show to anybody, and no other', async () => {
    const shown = new Set<string>();
    const own = await insertAccount(client);
    // A second device, so that the others can be signed out.
    await logIn(client, own.email);
    for (const kind of ['holder', 'twoFactor', 'social', 'passwordless'] as const)
      for (const path of holderPages)
        for (const { action, fields } of formsOf(await visit(path, kind, 'GET', own)))
          if (fields.section !== undefined) shown.add(`${action} ${fields.section}/${fields.action}`);
    // The one that turns two-factor on is shown by the one before it.
    const setup = await submitForm(client, ['/account/security', 'two-factor/setup'], own);
    for (const { action, fields } of formsOf(setup))
      shown.add(`${action} ${fields.section}/${fields.action}`);
    const known = hostedForms.filter(([, name]) => name.includes('/')).map((form) => form.join(' '));
    expect([...shown].toSorted()).toEqual(known.toSorted());
  });
});

function visit(
  path: string,
  kind: VisitorKind = hostedExample(path).visitor,
  method = 'GET',
  by: Account = account,
) {
  return client.call(method, path, { cookies: cookiesOf(kind, by) });
}

/** What every answer has: those that lead on are kept by no cache either (HDR-01, HDR-02). */
function expectHeaders({ status, headers }: Answer): void {
  expect(headers.get('Cache-Control')).toBe('no-store');
  expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(headers.get('Strict-Transport-Security')).toBe('max-age=63072000; includeSubDomains');
  expect(headers.get('Referrer-Policy')).toBe(status === 303 ? 'no-referrer' : 'same-origin');
  expect(headers.get('X-Request-Id')).toMatch(/^[\da-f-]{36}$/);
}

/** Sends a form with its sender's cookies and exactly these headers about the page. */
function sendFrom(headers: PageHeaders, [path, name]: FormName, by: Account): Promise<Answer> {
  const cookies = cookieHeader(cookiesOf(senderOf([path, name]), by));
  const form = hostedForm(path, name).fields(by);
  return client.call('POST', path, { form, headers: { ...headers, ...(cookies && { Cookie: cookies }) } });
}

describe.each(hostedPages)('%s', (path) => {
  const { shown, forms } = hostedExample(path);
  const [first = ''] = Object.keys(forms);

  test('answers as its example says, HEAD the same without a body, each by a nonce of its own (HDR-01, HDR-02, HDR-03, HDR-08)', async () => {
    const answer = await visit(path);
    expect([answer.status, answer.roundTrips], answer.text).toEqual([shown.status, shown.roundTrips]);
    expect(answer.headers.get('Location')).toBe(shown.location ?? null);
    expectHeaders(answer);
    if (shown.status === 200) expectPage(answer, 200);
    const head = await visit(path, undefined, 'HEAD');
    if (shown.status === 200) expect(nonceOf(head)).not.toBe(nonceOf(answer));
    expect([head.status, head.text, head.setCookies]).toEqual([answer.status, '', answer.setCookies]);
    if (shown.status === 200) expectPage(head, 200);
    const names = ({ headers }: typeof head) =>
      [...headers.keys()].filter((name) => name !== 'content-length');
    expect(names(head)).toEqual(names(answer));
  });

  test('changes nothing when it is looked at, and sets no cookie (CSR-07, EML-05)', async () => {
    const before = await databaseState();
    for (const kind of ['nobody', 'holder', 'twoFactor', 'social', 'passwordless', 'challenged'] as const)
      for (const method of ['GET', 'HEAD']) {
        const answer = await visit(path, kind, method);
        expect([200, 303], `${kind} ${answer.text}`).toContain(answer.status);
        // That of what was said just now is taken back at most.
        expect(answer.setCookies.filter((cookie) => !cookie.startsWith('__Host-nexora_notice='))).toEqual([]);
      }
    expect(await databaseState()).toBe(before);
  });

  test('takes its forms from no page but one of our own, and asks nobody (CSR-01, CSR-03, CSR-05, CSR-06)', async () => {
    for (const [page, headers] of casesFor(path, otherPages, oneOfEachOtherPage)) {
      const answer = await sendFrom(headers, [path, first], account);
      expectPage(answer, 403, page);
      expect([answer.roundTrips, answer.setCookies, answer.headers.get('Location')], page).toEqual([
        0,
        [],
        null,
      ]);
    }
  });

  // Below each is taken from the own origin.
  test.each(casesFor(path, ownPages, []))('takes its form from %s (CSR-03)', async (_page, headers) => {
    const own = await insertSender(client, [path, first]);
    const answer = await sendFrom(headers, [path, first], own);
    expect(answer.status, answer.text).toBe(hostedForm(path, first).status);
  });

  test('answers a wrong method with 405 and Allow, on a page, and changes nothing (CSR-07)', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
      const answer = await visit(path, 'holder', method);
      expectPage(answer, 405, method);
      expect(answer.headers.get('Allow'), method).toBe('GET, HEAD, POST');
      expect([answer.roundTrips, answer.setCookies], method).toEqual([0, []]);
    }
  });

  test('answers a form that is none (INP-02)', async () => {
    const cookies = cookiesOf(hostedExample(path).visitor, account);
    const send = (body: string, headers: Readonly<Record<string, string>>) => {
      const own = { Origin: 'https://auth.test', Cookie: cookieHeader(cookies) };
      const request = { method: 'POST', body, headers: { ...own, ...headers } };
      return client.send(new Request(`https://auth.test${path}`, request));
    };
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const before = await databaseState();
    expectPage(await send('{}', { 'Content-Type': 'application/json' }), 415);
    expectPage(await send('a=b', { ...type, 'Content-Encoding': 'gzip' }), 415);
    expectPage(await send(`a=${'x'.repeat(16_384)}`, type), 413);
    expectPage(await send('email=a&email=b', type), 400);
    expectPage(await send('email=%FF', type), 400);
    expect(await databaseState()).toBe(before);
  });
});

test.each(hostedForms)('%s: the form %s does what its example says (SQL-03)', async (path, name) => {
  const { status, location, roundTrips } = hostedForm(path, name);
  const answer = await submitForm(client, [path, name], await insertSender(client, [path, name]));
  expect([...led(answer), answer.roundTrips], answer.text).toEqual([status, location ?? null, roundTrips]);
  if (name === 'data/export') return;
  expectHeaders(answer);
  if (status === 200) expectPage(answer, 200);
});

describe('a listed origin', () => {
  test('reads answers of the API, and no page (CSR-08)', async () => {
    const headers = { Origin: 'https://app.test' };
    const { cookies } = account;
    const me = await client.get('/api/auth/me', { cookies, headers });
    expect([me.status, me.headers.get('Access-Control-Allow-Origin')]).toEqual([200, 'https://app.test']);
    const pages = ['/', '/account', '/account/security', '/login', '/auth/unlock?token=x', '/auth/unlock'];
    // Those that reach no route as well.
    for (const path of [...pages, '/login/', '/account/nothing', '/auth/nothing']) {
      const page = await client.get(path, { cookies, headers });
      expect(page.headers.get('Content-Type') ?? 'text/html', path).toContain('text/html');
      const names = [...page.headers.keys()].filter((name) => name.startsWith('access-control-'));
      expect([names, page.headers.get('Vary')], path).toEqual([[], 'Origin']);
      const asking = { ...headers, 'Access-Control-Request-Method': 'POST' };
      const preflight = await client.call('OPTIONS', path, { headers: asking });
      expect(
        [...preflight.headers.keys()].filter((name) => name.startsWith('access-control-')),
        path,
      ).toEqual([]);
    }
  });
});

describe('an address behind the pages', () => {
  const cases = [
    ['/login/', '', 404, 'not_found'],
    ['/account/nothing', '', 404, 'not_found'],
    ['/login?x=', 'x'.repeat(9000), 414, 'uri_too_long'],
  ] as const;

  test.each(cases)('that is not served is told by a page: %s', async (start, rest, status, code) => {
    const answer = await client.get(start + rest);
    expectPage(answer, status);
    expect([alertOf(answer), answer.roundTrips]).toEqual([en.errors[code], 0]);
  });

  test.each(cases)(
    'with HOSTED_PAGES=false is told by a problem document: %s',
    async (start, rest, status, code) => {
      expectProblem(await unhosted.get(start + rest), status, code);
    },
  );
});

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

/** An answer without what differs between two requests. */
function comparable({ status, headers, text }: Answer): unknown {
  const own = ['x-request-id', 'server-timing'];
  return {
    status,
    headers: [...headers].filter(([name]) => !own.includes(name)),
    text: text.replace(headers.get('X-Request-Id') ?? '', ''),
  };
}

describe.each(hostedPages)('%s with HOSTED_PAGES=false', (path) => {
  test('is answered like an unknown path, by every method and to everybody (LOG-09)', async () => {
    const cookies = cookiesOf(hostedExample(path).visitor, account);
    const [name = ''] = Object.keys(hostedExample(path).forms);
    const form = hostedForm(path, name).fields(account);
    for (const method of methods)
      for (const headers of [{}, { Origin: 'https://auth.test' }, { Origin: 'https://evil.example' }]) {
        const options = { cookies, headers, ...(method === 'POST' && { form }) };
        const [answer, unknown] = [
          await unhosted.call(method, path, options),
          await unhosted.call(method, '/nothing', options),
        ];
        expect(unknown.status).toBe(404);
        expect(comparable(answer), method).toEqual(comparable(unknown));
        expect(answer.headers.get('Allow'), method).toBeNull();
        expect(answer.headers.get('RateLimit'), method).toBeNull();
        expect([answer.roundTrips, answer.setCookies], method).toEqual([0, []]);
      }
  });
});

test('a hidden page counts against no budget', async () => {
  const limited = new TestClient({ ...variables, HOSTED_PAGES: 'false', RATE_LIMIT_PER_MINUTE: '1' });
  for (const path of hostedPages) {
    expect((await limited.get(path)).status).toBe(404);
    expect((await limited.submit(path, {})).status).toBe(404);
  }
  expect((await limited.post('/api/auth/login', {})).status).toBe(400);
});

/** Clients, and where a page of a link ends for them. */
const ends = [
  [unhosted, {}],
  ...['https://app.test/welcome', '/app'].map(
    (home) =>
      [
        new TestClient({ ...variables, HOSTED_PAGES: 'false', DEFAULT_REDIRECT_URL: home }),
        { Continue: home },
      ] as const,
  ),
  [client, { Continue: '/' }],
] as const;

describe.each(formPages)('%s with HOSTED_PAGES=false', (path) => {
  test('is there, says nothing of pages that are not, and ends where the operator says', async () => {
    for (const [by, links] of ends) {
      const form = await insertForm(by, path);
      const shown = await by.get(linkTo(path, form.token));
      expectPage(shown, 200);
      if (by !== client) expect(shown.text).not.toContain('/language');
      expect(linksOf(shown)).toEqual({});
      const done = await by.submit(path, form);
      expectPage(done, 200);
      expect(linksOf(done)).toEqual(links);
      if (by === unhosted) expect(done.text).not.toMatch(/href="\/(?!\/)/);
      for (const hiddenPage of hostedPages.filter((page) => page.length > 1))
        if (by !== client) expect(done.text, hiddenPage).not.toContain(`"${hiddenPage}"`);
    }
  });

  test('is incomplete without its token, with the same way on', async () => {
    const answer = await unhosted.get(path);
    expectPage(answer, 400);
    expect(linksOf(answer)).toEqual({});
    expect(linksOf(await client.get(path))).toEqual({ Continue: '/' });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { features } from '../../src/app.ts';
import { foldSite } from '../../src/feature.ts';
import { logIn } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { formsOf } from '../support/shown-page.ts';
import { providerVariables } from '../support/social.ts';
import { databaseState } from './database-state.ts';
import { expectPage, nonceOf } from './expect-page.ts';
import {
  cookiesOf,
  holderPages,
  hostedExample,
  hostedForm,
  hostedForms,
  hostedPages,
  hostedTable,
  submitForm,
} from './hosted-page-table.ts';
import { insertAccount } from './insert-account.ts';
import { otherPages, ownPages } from './origins.ts';
import { recordLog } from './recorded-log.ts';
import type { Account } from './route-table.ts';
import { sectionForms, type VisitorKind } from './section-form-table.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: TestClient;
let account: Account;

beforeAll(async () => {
  database = await freshDatabase();
  client = new TestClient({ DATABASE_URL: database.url, ...providerVariables() });
});
afterAll(() => database.drop());
beforeEach(async () => {
  recordLog();
  account = await insertAccount(client);
});

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
    // A second device, so that the others can be signed out.
    await logIn(client, account.email);
    for (const kind of ['holder', 'twoFactor', 'social', 'passwordless'] as const)
      for (const path of holderPages)
        for (const { action, fields } of formsOf(await visit(path, kind)))
          if (fields.section !== undefined) shown.add(`${action} ${fields.section}/${fields.action}`);
    // The one that turns two-factor on is shown by the one before it.
    const setup = await submitForm(client, ['/account/security', 'two-factor/setup'], account);
    for (const { action, fields } of formsOf(setup))
      shown.add(`${action} ${fields.section}/${fields.action}`);
    const known = hostedForms.filter(([, name]) => name.includes('/')).map((form) => form.join(' '));
    expect([...shown].toSorted()).toEqual(known.toSorted());
  });
});

function visit(path: string, kind: VisitorKind = hostedExample(path).visitor, method = 'GET') {
  return client.call(method, path, { cookies: cookiesOf(kind, account) });
}

describe.each(hostedPages)('%s', (path) => {
  const { shown, forms } = hostedExample(path);
  const [first = ''] = Object.keys(forms);

  test('answers as its example says, and HEAD the same without a body (HDR-01, HDR-02, HDR-03, HDR-08)', async () => {
    const answer = await visit(path);
    expect([answer.status, answer.roundTrips], answer.text).toEqual([shown.status, shown.roundTrips]);
    expect(answer.headers.get('Location')).toBe(shown.location ?? null);
    if (shown.status === 200) expectPage(answer, 200);
    const head = await visit(path, undefined, 'HEAD');
    expect([head.status, head.text, head.setCookies]).toEqual([answer.status, '', answer.setCookies]);
    if (shown.status === 200) expectPage(head, 200);
    const names = ({ headers }: typeof head) =>
      [...headers.keys()].filter((name) => name !== 'content-length');
    expect(names(head)).toEqual(names(answer));
  });

  test('has the headers of every answer: those that lead on are kept by no cache either (HDR-01, HDR-02)', async () => {
    for (const { status, headers } of [await visit(path), await submitForm(client, [path, first], account)]) {
      expect(headers.get('Cache-Control')).toBe('no-store');
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Strict-Transport-Security')).toBe('max-age=63072000; includeSubDomains');
      expect(headers.get('Referrer-Policy')).toBe(status === 303 ? 'no-referrer' : 'same-origin');
      expect(headers.get('X-Request-Id')).toMatch(/^[\da-f-]{36}$/);
    }
  });

  test('runs its script by a nonce that no other answer has (HDR-03)', async () => {
    if (shown.status !== 200) return;
    const nonces = [];
    for (let index = 0; index < 4; index++) nonces.push(nonceOf(await visit(path)));
    expect(new Set(nonces).size).toBe(4);
  });

  test('changes nothing when it is looked at, and sets no cookie (CSR-07, EML-05)', async () => {
    const before = await databaseState(database.url);
    for (const kind of ['nobody', 'holder', 'twoFactor', 'social', 'passwordless', 'challenged'] as const)
      for (const method of ['GET', 'HEAD', 'GET']) {
        const answer = await visit(path, kind, method);
        expect([200, 303], `${kind} ${answer.text}`).toContain(answer.status);
        // That of what was said just now is taken back at most.
        expect(answer.setCookies.filter((cookie) => !cookie.startsWith('__Host-nexora_notice='))).toEqual([]);
      }
    expect(await databaseState(database.url)).toBe(before);
  });

  test('takes its forms from no page but one of our own, and asks nobody (CSR-01, CSR-03, CSR-05, CSR-06)', async () => {
    const before = await databaseState(database.url);
    const { fields, visitor = hostedExample(path).visitor } = hostedForm(path, first);
    const Cookie = Object.entries(cookiesOf(visitor, account))
      .map((pair) => pair.join('='))
      .join('; ');
    for (const [page, headers] of otherPages) {
      const answer = await client.call('POST', path, {
        form: fields(account),
        headers: { ...headers, ...(Cookie !== '' && { Cookie }) },
      });
      expectPage(answer, 403, page);
      expect([answer.roundTrips, answer.setCookies, answer.headers.get('Location')], page).toEqual([
        0,
        [],
        null,
      ]);
    }
    expect(await databaseState(database.url)).toBe(before);
  });

  test.each(ownPages)('takes its form from %s (CSR-03)', async (_page, headers) => {
    const { fields, status, visitor = hostedExample(path).visitor } = hostedForm(path, first);
    const Cookie = Object.entries(cookiesOf(visitor, account))
      .map((pair) => pair.join('='))
      .join('; ');
    const all = { ...headers, ...(Cookie !== '' && { Cookie }) };
    const answer = await client.call('POST', path, { form: fields(account), headers: all });
    expect(answer.status, answer.text).toBe(status);
  });

  test('answers a wrong method with 405 and Allow, on a page, and changes nothing (CSR-07)', async () => {
    const before = await databaseState(database.url);
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
      const answer = await visit(path, 'holder', method);
      expectPage(answer, 405, method);
      expect(answer.headers.get('Allow'), method).toBe('GET, HEAD, POST');
      expect([answer.roundTrips, answer.setCookies], method).toEqual([0, []]);
    }
    expect(await databaseState(database.url)).toBe(before);
  });

  test('answers a form that is none (INP-02)', async () => {
    const cookies = cookiesOf(hostedExample(path).visitor, account);
    const send = (body: string, headers: Readonly<Record<string, string>>) =>
      client.send(
        new Request(`https://auth.test${path}`, {
          ...{ method: 'POST', body },
          headers: {
            Origin: 'https://auth.test',
            Cookie: Object.entries(cookies)
              .map((pair) => pair.join('='))
              .join('; '),
            ...headers,
          },
        }),
      );
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const before = await databaseState(database.url);
    expectPage(await send('{}', { 'Content-Type': 'application/json' }), 415);
    expectPage(await send('a=b', { ...type, 'Content-Encoding': 'gzip' }), 415);
    expectPage(await send(`a=${'x'.repeat(16_384)}`, type), 413);
    expectPage(await send('email=a&email=b', type), 400);
    expectPage(await send('email=%FF', type), 400);
    expect(await databaseState(database.url)).toBe(before);
  });
});

test.each(hostedForms)('%s: the form %s does what its example says (SQL-03)', async (path, name) => {
  const { status, location, roundTrips } = hostedForm(path, name);
  const answer = await submitForm(client, [path, name], account);
  expect([answer.status, answer.roundTrips, answer.headers.get('Location')], answer.text).toEqual([
    status,
    roundTrips,
    location ?? null,
  ]);
  if (status === 200 && name !== 'data/export') expectPage(answer, 200);
});

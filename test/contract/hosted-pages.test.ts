import { beforeEach, describe, expect, test } from 'vitest';
import { features } from '../../src/app.ts';
import { foldSite } from '../../src/feature.ts';
import { logIn } from '../support/accounts.ts';
import { type Answer, cookieHeader, TestClient } from '../support/client.ts';
import { formsOf } from '../support/shown-page.ts';
import { providerVariables } from '../support/social.ts';
import { databaseState } from './database-state.ts';
import { expectPage, nonceOf } from './expect-page.ts';
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
import { recordLog } from './recorded-log.ts';
import { casesFor } from './route-choice.ts';
import type { Account } from './route-table.ts';
import { sectionForms, type VisitorKind } from './section-form-table.ts';

const client = new TestClient(providerVariables());
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
  expect([answer.status, answer.roundTrips, answer.headers.get('Location')], answer.text).toEqual([
    status,
    roundTrips,
    location ?? null,
  ]);
  if (name === 'data/export') return;
  expectHeaders(answer);
  if (status === 200) expectPage(answer, 200);
});

import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { expectPage } from '../../contract/expect-page.ts';
import { insertAccount } from '../../contract/insert-account.ts';
import type { Account } from '../../contract/route-table.ts';
import { otherPassword, password } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { databaseUrl, openDatabase } from '../../support/database.ts';
import { type Cookies, focusedIn, inputOf, led, makeStale, press } from '../../support/hosted-pages.ts';
import { alertOf, buttonsOf, formsOf, noticeOf, titleOf } from '../../support/shown-page.ts';
import { baseUrl } from '../../support/test-env.ts';
import { markVerified, signInWithCode, type TwoFactorUser, twoFactorUser } from '../../support/two-factor.ts';

const path = '/reauthenticate';
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;
const text = en.signIn.confirm;
const heldCookie = '__Host-nexora_held_form';
const noticeCookie = '__Host-nexora_notice';
const returnTo = '/account/security';
let account: Account;

beforeEach(async () => {
  account = await insertAccount(client);
});

const show = (query: Readonly<Record<string, string>>, cookies: Cookies) =>
  client.get(`${path}?${new URLSearchParams(query)}`, { cookies });

describe('/reauthenticate where the last authentication is recent', () => {
  test.each([
    ['no form', {}],
    ['a form that the browser does not hold', { form: 'x' }],
  ])('leads to the page that asked, with %s, and says nothing', async (_what, query) => {
    const answer = await show({ returnTo, ...query }, account.cookies);
    expect([led(answer), answer.setCookies]).toEqual([[303, returnTo], []]);
  });

  test('tells that a password is wrong, and not that anything was confirmed', async () => {
    const fields = { returnTo, action: 'prove', password: otherPassword };
    const answer = await press(client, path, fields, account.cookies);
    expectPage(answer, 403);
    expect([titleOf(answer), alertOf(answer)]).toEqual([text.title, en.account.deletion.incorrect]);
    expect([noticeOf(answer), answer.setCookies]).toEqual([undefined, []]);
    expect(answer.text).not.toContain(text.confirmed);
    expect(answer.text).not.toContain(otherPassword);
  });

  test('takes a password all the same, and says so where no form waits', async () => {
    const answer = await press(client, path, { returnTo, action: 'prove', password }, account.cookies);
    expect([...led(answer), cookieValue(answer, noticeCookie)]).toEqual([303, returnTo, 'confirmed']);
  });
});

describe('/reauthenticate', () => {
  test.each(['nothing', 'toString', '__proto__', ''])(
    'answers the action %j by a page, and does nothing',
    async (action) => {
      await makeStale(account.email);
      const answer = await press(client, path, { returnTo, action, password }, account.cookies);
      expectPage(answer, 400);
      expect([alertOf(answer), answer.setCookies]).toEqual([en.errors.malformed_form, []]);
    },
  );

  test('tells a code that is none at its field, and calls it no address', async () => {
    const { userId, email, cookies } = account.passwordless;
    await markVerified(client, userId);
    await makeStale(email);
    const asked = await show({ returnTo }, cookies);
    expect(inputOf(asked, 'emailCode')).toBeDefined();
    for (const emailCode of ['abc', '1234567', '123456789', '1234567x']) {
      const fields = { returnTo, action: 'prove', emailCode };
      const answer = await press(client, path, fields, cookies);
      expectPage(answer, 400);
      expect([alertOf(answer), focusedIn(answer)]).toEqual([en.fieldErrors.invalid, 'emailCode']);
      expect(inputOf(answer, 'emailCode')).toContain('aria-invalid="true"');
      expect(answer.text).not.toContain(en.fieldErrors.email);
      expect(answer.setCookies).toEqual([]);
    }
  });
});

describe('a form of an account with two-factor that waits', () => {
  let user: TwoFactorUser;
  let cookies: Cookies;

  beforeEach(async () => {
    user = await twoFactorUser(client);
    cookies = authCookies(await signInWithCode(client, user));
    await makeStale(user.email);
  });

  /** Sends it, and returns the address that asks, with what the browser holds. */
  async function hold(page: string, form: Readonly<Record<string, string>>) {
    const answer = await press(client, page, form, cookies);
    const location = new URL(answer.headers.get('Location') ?? '', baseUrl);
    expect([answer.status, location.pathname], answer.text).toEqual([303, path]);
    const held = { [heldCookie]: cookieValue(answer, heldCookie) ?? '' };
    return { form: location.searchParams.get('form') ?? '', held };
  }

  const isThere = async () =>
    (await openDatabase(databaseUrl()).query(sql`SELECT FROM users u WHERE u.id = ${user.userId}::uuid`))
      .length === 1;

  test('says before it deletes the account what its button does', async () => {
    const { form, held } = await hold('/account/delete', { password });
    const recent = authCookies(await signInWithCode(client, user));
    const shown = await show({ form, returnTo: '/account/delete' }, { ...recent, ...held });
    expectPage(shown, 200);
    expect(buttonsOf(shown)).toEqual([en.account.deletion.submit]);
    const [again] = formsOf(shown);
    expect(again?.fields).toEqual({ form, returnTo: '/account/delete', action: 'continue' });
    expect(await isThere()).toBe(true);
    const done = await press(client, path, again!.fields, { ...recent, ...held });
    expect(led(done), done.text).toEqual([303, '/login']);
    expect(await isThere()).toBe(false);
  });

  test('goes on by a button that says so, where it can be undone', async () => {
    const { form, held } = await hold('/account', { section: 'data', action: 'export' });
    const recent = authCookies(await signInWithCode(client, user));
    const shown = await show({ form, returnTo: '/account' }, { ...recent, ...held });
    expect([shown.status, buttonsOf(shown)]).toEqual([200, [text.goOn]]);
  });

  test('is asked for again where a password alone was proved, and nothing is said to be confirmed (SES-19)', async () => {
    const { form, held } = await hold('/account', { section: 'data', action: 'export' });
    const fields = { form, returnTo: '/account', action: 'prove', password };
    const answer: Answer = await press(client, path, fields, { ...cookies, ...held });
    const query = new URLSearchParams({ form, returnTo: '/account' });
    expect(led(answer), answer.text).toEqual([303, `${path}?${query}`]);
    expect(cookieValue(answer, noticeCookie)).toBeUndefined();
    // It waits as it did, in the renewed session.
    expect(cookieValue(answer, heldCookie)).toBeUndefined();
    const asked = await show({ form, returnTo: '/account' }, { ...authCookies(answer), ...held });
    expect([asked.status, inputOf(asked, 'code') !== undefined]).toEqual([200, true]);
    expect(noticeOf(asked)).toBeUndefined();
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { pageLanguages } from '../../src/languages/page-languages.ts';
import { otherPassword, password } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { faultyEndpoint } from '../support/database.ts';
import { inputOf } from '../support/hosted-pages.ts';
import { alertOf, buttonsOf, decoded, formsOf } from '../support/shown-page.ts';
import { expectPage } from './expect-page.ts';
import { expectProblem } from './expect-problem.ts';
import { cookiesOf } from './hosted-page-table.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';

const en = pageLanguages.en!;
const good = 'https://app.test';
const redirectTo = `${good}/inbox?a=b`;
const client = new TestClient();
const account = await insertAccount(client);
beforeEach(() => void recordLog());

describe('what was typed', () => {
  const long = 'x'.repeat(15_000);

  test.each<[path: string, field: string, form: Readonly<Record<string, string>>, kind: 'nobody' | 'holder']>(
    [
      ['/login', 'email', {}, 'nobody'],
      ['/register', 'email', {}, 'nobody'],
      ['/register', 'name', {}, 'nobody'],
      ['/forgot-password', 'email', {}, 'nobody'],
      ['/check-your-mail', 'email', {}, 'nobody'],
      ['/account', 'name', { section: 'profile', action: 'save' }, 'holder'],
      ['/account', 'newEmail', { section: 'email', action: 'change' }, 'holder'],
    ],
  )('is shown again at %s in %s by its first 320 characters', async (path, field, form, kind) => {
    const cookies = cookiesOf(kind, account);
    const answer = await client.submit(path, { ...form, [field]: long }, { cookies });
    expectPage(answer, 400);
    expect(/ value="([^"]*)"/.exec(inputOf(answer, field) ?? '')?.[1]).toBe(long.slice(0, 320));
    const withoutStyle = answer.text.replace(/<style\b.*?<\/style>/gs, '');
    expect(new TextEncoder().encode(withoutStyle).length).toBeLessThan(20 * 1024);
    expect(answer.text).not.toContain('x'.repeat(321));
  });

  test('is shown again as it is where no field holds more', async () => {
    const email = `${'x'.repeat(200)}@example.com`;
    const answer = await client.submit('/login', { email, password });
    expect(inputOf(answer, 'email')).toContain(`value="${email}"`);
  });
});

describe('a listed origin', () => {
  test('reads answers of the API, and no page (CSR-08)', async () => {
    const headers = { Origin: good };
    const { cookies } = account;
    const me = await client.get('/api/auth/me', { cookies, headers });
    expect([me.status, me.headers.get('Access-Control-Allow-Origin')]).toEqual([200, good]);
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
      const unhosted = new TestClient({ HOSTED_PAGES: 'false' });
      expectProblem(await unhosted.get(start + rest), status, code);
    },
  );
});

describe('a form of the account while the database is out of reach', () => {
  async function refused(form: Readonly<Record<string, string>>): Promise<Answer> {
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const down = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    const answer = await down.submit('/account', form, { cookies: account.cookies });
    expectPage(answer, 503);
    expect(alertOf(answer)).toBe(en.errors.service_unavailable);
    expect(buttonsOf(answer)).toEqual([en.errorPage.again]);
    return answer;
  }

  test('can be sent once more, with what was typed', async () => {
    const form = { section: 'profile', action: 'save', name: `Ada "L" & O'B` };
    const [again] = formsOf(await refused(form));
    expect(again).toEqual({ action: '/account', fields: form });
    const { cookies } = account;
    expect((await client.submit(again!.action, again!.fields, { cookies })).status).toBe(303);
    const me = await client.get('/api/auth/me', { cookies });
    expect(me.json.user.name).toBe(form.name);
  });

  test('shows no password again', async () => {
    const form = { section: 'password', action: 'change', currentPassword: password };
    const typed = { newPassword: otherPassword, confirmPassword: otherPassword };
    const answer = await refused({ ...form, ...typed });
    expect(formsOf(answer)[0]?.fields).toEqual({ section: 'password', action: 'change' });
    for (const one of [password, otherPassword]) expect(answer.text).not.toContain(one);
  });
});

describe('the choice of a language after a form was refused', () => {
  /** Where it leads back to. */
  function returnToOf({ text }: Answer): URL {
    const value = /<footer>.*?<input type="hidden" name="returnTo" value="([^"]*)"/.exec(text)?.[1] ?? '';
    return new URL(decoded(value), 'https://auth.test');
  }

  test.each(['/login', '/register'])('leads back to %s with its target', async (path) => {
    const answer = await client.submit(path, { email: account.email, redirectTo });
    expect(answer.status).toBe(400);
    const { pathname, searchParams } = returnToOf(answer);
    expect([pathname, [...searchParams]]).toEqual([path, [['redirectTo', redirectTo]]]);
  });

  test('leads back to the page of a link with its token', async () => {
    const { verify_email: token } = account.links;
    const answer = await client.submit('/auth/verify-email', { token, password: otherPassword });
    expect(answer.status, answer.text).toBe(400);
    const { pathname, searchParams } = returnToOf(answer);
    expect([pathname, [...searchParams]]).toEqual(['/auth/verify-email', [['token', token]]]);
  });

  test.each([
    ['backupCode', 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA', [['way', 'backup']]],
    ['code', '000000', []],
  ])('leads back to the second step by its way, with a %s', async (field, value, way) => {
    const cookies = cookiesOf('challenged', account);
    const answer = await client.submit('/login/two-factor', { redirectTo, [field]: value }, { cookies });
    expect(answer.status, answer.text).toBe(401);
    const { pathname, search, searchParams } = returnToOf(answer);
    expect([pathname, [...searchParams]]).toEqual([
      '/login/two-factor',
      [...way, ['redirectTo', redirectTo]],
    ]);
    const next = await client.get(pathname + search, { cookies });
    expect(inputOf(next, field)).toBeDefined();
  });
});

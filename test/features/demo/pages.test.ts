import { describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { otherPassword, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import {
  type Cookies,
  clearedBy,
  focusedIn,
  inputOf,
  led,
  press,
  sessionCookies,
  unrequested,
} from '../../support/hosted-pages.ts';
import { alertOf, buttonsOf, formsOf, noticeOf, readMain, titleOf } from '../../support/shown-page.ts';
import { baseUrl } from '../../support/test-env.ts';
import { demoClient, demoCredentials } from './demo-visit.ts';

const client = demoClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;
const demo = en.account.demo;
const refreshCookie = '__Host-nexora_refresh';

const signIn = (form = {}, by = client): Promise<Answer> =>
  press(by, '/login', { ...demoCredentials, ...form });

async function visit(by = client): Promise<Cookies> {
  const answer = await signIn({}, by);
  expect(answer.status, answer.text).toBe(303);
  return authCookies(answer);
}

/** The pages for whoever has an account, by their paths. */
const pathsOfHolders = [
  ...new Set(
    createApp()
      .serves.filter(({ medium, guard }) => medium === 'page' && guard === 'account-holder')
      .map(({ path }) => path),
  ),
];

/** One that nothing may reach: whoever asks the database fails. */
async function withoutAnyDatabase(): Promise<{ by: TestClient; seen: () => Promise<number> }> {
  const faulty = await faultyEndpoint({ always: 'refuse' });
  const by = demoClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
  return { by, seen: async () => (await faulty.seen()).length };
}

describe('the demo user on /login', () => {
  test.each([
    [{}, `${baseUrl}/account`],
    [{ redirectTo: 'https://app.test/inbox' }, 'https://app.test/inbox'],
    [{ redirectTo: 'https://evil.example/' }, `${baseUrl}/account`],
    [{ email: ' DEMO@nexora.ai ' }, `${baseUrl}/account`],
  ])('signs in and is led on, without a round trip and without a hash (DEM-03): %j', async (form, href) => {
    const answer = await signIn(form);
    expect([...led(answer), answer.roundTrips]).toEqual([303, href, 0]);
    expect(answer.hashes || 0).toBe(0);
    const { user } = (await client.get('/api/auth/me', { cookies: authCookies(answer) })).json;
    expect(user.email).toBe(demoCredentials.email);
  });

  test('sees every page that it can see while the database is out of reach', async () => {
    const { by, seen } = await withoutAnyDatabase();
    const cookies = await visit(by);
    for (const path of [...pathsOfHolders, '/logout'])
      expect((await by.get(path, { cookies })).status, path).toBe(200);
    for (const path of ['/', '/login', '/register'])
      expect((await by.get(path, { cookies })).status, path).toBe(303);
    expect((await press(by, '/account', { section: 'profile' }, cookies)).status).toBe(403);
    expect(await seen()).toBe(0);
  });

  test('signs out while the database is out of reach', async () => {
    const { by, seen } = await withoutAnyDatabase();
    expect(led(await press(by, '/logout', {}, await visit(by)))).toEqual([303, '/login']);
    expect(await seen()).toBe(0);
  });

  test('changes the language while the database is out of reach, at once', async () => {
    const { by, seen } = await withoutAnyDatabase();
    const cookies = await visit(by);
    for (const brought of [cookies, { [refreshCookie]: cookies[refreshCookie] ?? '' }]) {
      const answer = await press(by, '/language', { language: 'de', returnTo: '/account' }, brought);
      expect([...led(answer), answer.roundTrips]).toEqual([303, `${baseUrl}/account`, 0]);
      const chosen = { '__Host-nexora_language': cookieValue(answer, '__Host-nexora_language') ?? '' };
      const next = await by.get('/account', { cookies: { ...brought, ...chosen } });
      expect([next.headers.get('Content-Language'), titleOf(next)]).toEqual([
        ...['de', pageLanguages.de!.account.demo.title],
      ]);
    }
    expect(await seen()).toBe(0);
  });

  test('is told a wrong password as anybody is (DEM-04)', async () => {
    const { email } = await registerUser(client);
    const [own, other] = await Promise.all([
      signIn({ password: otherPassword }),
      signIn({ email, password: otherPassword }),
    ]);
    expect([own.status, own.roundTrips, own.hashes]).toEqual([401, other.roundTrips, other.hashes]);
    expect(unrequested(own, demoCredentials.email)).toBe(unrequested(other, email));
    expect([alertOf(own), focusedIn(own)]).toEqual([en.errors.invalid_credentials, 'password']);
    expect(inputOf(own, 'email')).toContain(`value="${demoCredentials.email}"`);
    expect(own.text).not.toContain(otherPassword);
  });

  test.each([
    ['is not complete', { password: '' }],
    ['has more fields than the page (INP-02)', { evil: 'x' }],
  ])('is signed in by no form that %s', async (_what, form) => {
    const answer = await signIn(form);
    expect([answer.status, answer.setCookies]).toEqual([400, []]);
  });

  test('is signed in by no form of another page (CSR-01)', async () => {
    for (const Origin of ['https://evil.example', 'https://app.test']) {
      const answer = await press(client, '/login', demoCredentials, {}, { Origin });
      expect([answer.status, answer.setCookies], Origin).toEqual([403, []]);
    }
  });

  test('is led on from the sign-in, and from home, by either cookie', async () => {
    const cookies = await visit();
    for (const name of Object.keys(cookies)) {
      const one = { [name]: cookies[name]! };
      const query = new URLSearchParams({ redirectTo: 'https://app.test/inbox' });
      const answer = await client.get(`/login?${query}`, { cookies: one });
      expect([...led(answer), answer.roundTrips]).toEqual([303, 'https://app.test/inbox', 0]);
      expect(led(await client.get('/', { cookies: one }))).toEqual([303, `${baseUrl}/account`]);
    }
  });
});

describe('the demo user on the pages of the account', () => {
  test.each(pathsOfHolders)('sees at %s what it is, by either cookie', async (path) => {
    const cookies = await visit();
    for (const name of Object.keys(cookies)) {
      const answer = await client.get(path, { cookies: { [name]: cookies[name]! } });
      expect([answer.status, answer.roundTrips, titleOf(answer)]).toEqual([200, 0, demo.title]);
      expect(readMain(answer)).toContain(demo.text);
      expect(readMain(answer)).toContain(demoCredentials.email);
      expect(buttonsOf(answer)).toEqual([en.signIn.signOut.submit]);
      expect(formsOf(answer)).toEqual([{ action: '/logout', fields: {} }]);
      expect(answer.setCookies).toEqual([]);
    }
  });

  test.each(pathsOfHolders)('can change nothing at %s (DEM-02)', async (path) => {
    const cookies = await visit();
    const { [refreshCookie]: refreshToken = '' } = cookies;
    for (const by of [cookies, { [refreshCookie]: refreshToken }]) {
      const answer = await press(client, path, { section: 'password', action: 'change' }, by);
      expect([answer.status, answer.roundTrips, alertOf(answer)]).toEqual([403, 0, en.errors.demo_readonly]);
      expect(answer.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
      expect(answer.setCookies).toEqual([]);
    }
  });

  test('leaves an account of its own to whoever has one', async () => {
    const { email, ...answer } = await registerUser(client);
    const shown = await client.get('/account', { cookies: authCookies(answer) });
    expect([shown.status, titleOf(shown)]).toEqual([200, en.account.title]);
    const form = { section: 'profile', action: 'save', name: 'New Name' };
    expect(led(await press(client, '/account', form, authCookies(answer)))).toEqual([303, '/account']);
  });

  test('ends after two hours', async () => {
    let now = Date.now();
    const aging = demoClient({}, { now: () => now });
    const cookies = await visit(aging);
    now += 7199_000;
    expect((await aging.get('/account', { cookies })).status).toBe(200);
    now += 2000;
    expect(led(await aging.get('/account', { cookies }))).toEqual([303, '/login?redirectTo=%2Faccount']);
  });
});

test('the demo user signs out, and is told so', async () => {
  const cookies = await visit();
  const answer = await press(client, '/logout', {}, cookies);
  expect([led(answer), clearedBy(answer)]).toEqual([[303, '/login'], sessionCookies]);
  const notice = { '__Host-nexora_notice': cookieValue(answer, '__Host-nexora_notice')! };
  expect(noticeOf(await client.get('/login', { cookies: notice }))).toBe(en.flashes.signed_out);
});

test('with DEMO_MODE off there is none of it: no sign-in, and no page for whoever holds its tokens', async () => {
  const cookies = await visit();
  const off = new TestClient({ EMAIL_VERIFICATION: 'off' });
  const answer = await signIn({}, off);
  expect([answer.status, alertOf(answer)]).toEqual([401, en.errors.invalid_credentials]);
  expect(answer.setCookies).toEqual([]);
  for (const path of pathsOfHolders) {
    expect((await off.get(path, { cookies })).headers.get('Location'), path).toMatch(/^\/login\?/);
    const posted = await press(off, path, { section: 'profile' }, cookies);
    expect(posted.headers.get('Location'), path).toMatch(/^\/login\?/);
  }
  expect((await off.get('/login', { cookies })).status).toBe(200);
});

import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../support/client.ts';
import { type FaultPlan, faultyEndpoint, query } from '../support/database.ts';
import { led } from '../support/hosted-pages.ts';
import { titleOf } from '../support/shown-page.ts';
import { providerVariables } from '../support/social.ts';
import { databaseState } from './database-state.ts';
import { expectPage } from './expect-page.ts';
import { withExpiredAccess } from './expired-access.ts';
import {
  type FormName,
  holderPages,
  hostedExample,
  hostedForm,
  hostedForms,
  insertSender,
  senderOf,
  submitForm,
} from './hosted-page-table.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import {
  type Account,
  type Caller,
  type CallerKind,
  exampleCall,
  exampleOf,
  registeredRoutes,
} from './route-table.ts';

const variables = providerVariables();
const client = new TestClient(variables);
let account: Account;

beforeEach(async () => {
  recordLog();
  // Most need no other caller.
  account = await insertAccount(client, () => undefined);
});

function refreshOf({ cookies }: Pick<Caller, 'cookies'>): Record<string, string> {
  return { '__Host-nexora_refresh': cookies['__Host-nexora_refresh'] ?? '' };
}

function tokenCookies({ setCookies }: Answer): string[] {
  return setCookies.filter((cookie) => /^__Host-nexora_(?:access|refresh)=/.test(cookie));
}

/** Who sends the form. */
function callerOf(form: FormName): Caller {
  const sender = senderOf(form);
  return sender === 'holder' ? account : account[sender as CallerKind];
}

describe.each(holderPages)('%s, when the access token has expired', (path) => {
  test('is shown by the refresh token, which stays as it is (CSR-07, SES-03)', async () => {
    const { shown } = hostedExample(path);
    const before = await databaseState();
    for (const cookies of [refreshOf(account), await withExpiredAccess(client, account)])
      for (const method of ['GET', 'HEAD']) {
        const answer = await client.call(method, path, { cookies });
        expect([answer.status, answer.roundTrips], answer.text).toEqual([shown.status, shown.roundTrips + 1]);
        expect(answer.headers.get('Location')).toBe(shown.location ?? null);
        expect(tokenCookies(answer)).toEqual([]);
      }
    expect(await databaseState()).toBe(before);
    const refreshed = await client.post('/api/auth/refresh', {}, { cookies: refreshOf(account) });
    expect(refreshed.status).toBe(200);
  });

  test('is not shown by an older refresh token, which a refresh would take for stolen: nothing ends', async () => {
    const strict = new TestClient({ ...variables, REFRESH_GRACE_SECONDS: '0' });
    const refreshed = await strict.post('/api/auth/refresh', {}, { cookies: refreshOf(account) });
    expect(refreshed.status).toBe(200);
    const before = await databaseState();
    for (const method of ['GET', 'HEAD']) {
      const answer = await strict.call(method, path, { cookies: refreshOf(account) });
      expect(answer.headers.get('Location')).toBe(`/login?redirectTo=${encodeURIComponent(path)}`);
      expect([answer.status, answer.setCookies]).toEqual([303, []]);
    }
    expect(await databaseState()).toBe(before);
    expect((await client.get('/api/auth/me', { cookies: authCookies(refreshed) })).status).toBe(200);
  });
});

describe.each(holderPages)('%s, for somebody who is not signed in', (path) => {
  const signIn = `/login?redirectTo=${encodeURIComponent(path)}`;

  test('leads to the sign-in, and back after it', async () => {
    const [name = ''] = Object.keys(hostedExample(path).forms);
    account = await insertSender(client, [path, name]);
    const ended = { ...account.cookies };
    expect((await client.post('/api/auth/logout', {}, { cookies: ended })).status).toBe(200);
    const forged = { '__Host-nexora_access': 'a.b.c', '__Host-nexora_refresh': 'nxr_forged' };
    for (const cookies of [{}, ended, refreshOf({ cookies: ended }), forged])
      for (const answer of [
        await client.get(path, { cookies }),
        await submitForm(client, [path, name], account, { cookies }),
      ]) {
        expect(led(answer), answer.text).toEqual([303, signIn]);
        expect(tokenCookies(answer)).toEqual([]);
      }
    const { fields } = hostedForm('/login', 'sign in');
    const signedIn = await client.submit('/login', { ...fields(account), redirectTo: path });
    expect(signedIn.headers.get('Location')).toBe(`https://auth.test${path}`);
  });

  test('carries over what was asked, and why a visit elsewhere came to nothing', async () => {
    const answer = await client.get(`${path}?cursor=a%26b&error=access_denied`);
    const url = new URL(answer.headers.get('Location') ?? '', 'https://auth.test');
    expect(url.pathname).toBe('/login');
    expect([...url.searchParams]).toEqual([
      ['error', 'access_denied'],
      ['redirectTo', `${path}?cursor=a%26b`],
    ]);
    expectPage(await client.get(url.pathname + url.search), 200);
  });

  test('takes no bearer token: a page has no other caller than a browser', async () => {
    const answer = await client.get(path, { bearer: account.accessToken });
    expect(led(answer)).toEqual([303, signIn]);
  });
});

test('the cookie of the legacy application is read by no page, and stays good for a refresh', async () => {
  const legacy = new TestClient({ ...variables, LEGACY_REFRESH_COOKIE: 'refresh_token' });
  const cookies = { refresh_token: account.cookies['__Host-nexora_refresh'] ?? '' };
  const before = await databaseState();
  for (const answer of [
    await legacy.get('/account', { cookies }),
    await submitForm(legacy, ['/account', 'profile/save'], account, { cookies }),
  ])
    expect([...led(answer), answer.setCookies]).toEqual([303, '/login?redirectTo=%2Faccount', []]);
  expect(await databaseState()).toBe(before);
  expect((await legacy.post('/api/auth/refresh', {}, { cookies })).status).toBe(200);
});

describe('the pages for everybody', () => {
  test.each([
    ['/', '/account'],
    ['/login', 'https://auth.test/account'],
    ['/login?redirectTo=/account/sessions', 'https://auth.test/account/sessions'],
  ])('%s leads whoever is signed in on, by either cookie, and changes nothing', async (path, target) => {
    const before = await databaseState();
    for (const cookies of [account.cookies, refreshOf(account), await withExpiredAccess(client, account)]) {
      const answer = await client.get(path, { cookies });
      expect([...led(answer), answer.roundTrips, answer.setCookies]).toEqual([303, target, 1, []]);
    }
    expect(await databaseState()).toBe(before);
    expect((await client.post('/api/auth/logout', {}, { cookies: account.cookies })).status).toBe(200);
    const ended = await client.get(path, { cookies: account.cookies });
    expect([ended.status, ended.headers.get('Location') ?? titleOf(ended)]).toEqual(
      path === '/' ? [303, '/login'] : [200, 'Sign in'],
    );
  });
});

describe('a route of the API', () => {
  const reads = registeredRoutes.filter((key) => exampleOf(key).credential === 'access-token');

  test.each(reads)('%s looks at no refresh cookie', async (key) => {
    account = await insertAccountFor(client, key);
    const before = await databaseState();
    const [method, path, options] = exampleCall(key, account, 'cookie');
    const { '__Host-nexora_refresh': refresh = '' } = options.cookies ?? {};
    for (const cookies of [
      { '__Host-nexora_refresh': refresh },
      await withExpiredAccess(client, { ...account, cookies: { '__Host-nexora_refresh': refresh } }),
    ]) {
      const answer = await client.call(method, path, { ...options, cookies });
      expect([answer.status, answer.roundTrips, answer.setCookies], answer.text).toEqual([401, 0, []]);
    }
    expect(await databaseState()).toBe(before);
  });
});

describe('a form that is sent with an access token that has expired', () => {
  const forms = hostedForms.filter(([path]) => holderPages.includes(path));

  test.each(forms)('%s %s is done, and the browser gets one set of tokens', async (path, name) => {
    const { status, location, roundTrips } = hostedForm(path, name);
    account = await insertSender(client, [path, name]);
    const cookies = await withExpiredAccess(client, callerOf([path, name]));
    const answer = await submitForm(client, [path, name], account, { cookies });
    expect([...led(answer), answer.roundTrips], answer.text).toEqual([
      status,
      location ?? null,
      roundTrips + 1,
    ]);
    const set = tokenCookies(answer).map((cookie) => cookie.split('=')[0]);
    expect(set).toEqual(['__Host-nexora_access', '__Host-nexora_refresh']);
    expect(answer.headers.has('X-Device-Token')).toBe(false);
    const isSignedOut = location === '/login';
    expect(cookieValue(answer, '__Host-nexora_access') === '').toBe(isSignedOut);
    const me = await client.get('/api/auth/me', { cookies: authCookies(answer) });
    expect(me.status).toBe(isSignedOut ? 401 : 200);
  });

  async function expectRenewed(answer: Answer): Promise<void> {
    expect(tokenCookies(answer)).toHaveLength(2);
    expect((await client.get('/api/auth/me', { cookies: authCookies(answer) })).status).toBe(200);
  }

  const save = { section: 'profile', action: 'save' };

  test.each<[what: string, status: number, path: string, form: Record<string, string>]>([
    ['a wrong field', 400, '/account', { ...save, name: '' }],
    ['a field that it does not have', 400, '/account', { ...save, name: 'Ada', role: 'admin' }],
    ['an unknown section', 400, '/account', { section: 'nothing', action: 'save' }],
    ['an unknown action', 400, '/account/sessions', { section: 'sessions', action: 'nothing' }],
    ['a wrong password', 403, '/account/delete', { password: 'wrong password' }],
    ['an unknown way', 400, '/reauthenticate', { action: 'nothing' }],
  ])('gets them although it is refused for %s', async (_what, status, path, form) => {
    const cookies = await withExpiredAccess(client, account);
    await query(sql`
      UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = ${account.userId}::uuid`);
    const answer = await client.submit(path, form, { cookies });
    expect(answer.status, answer.text).toBe(status);
    await expectRenewed(answer);
  });

  test.each<[what: string, status: number, plan: FaultPlan]>([
    ['refuses', 503, ['pass', ...Array(20).fill('refuse')]],
    ['finds an error', 500, ['pass', ...Array(20).fill({ sqlstate: '22P02' })]],
  ])('gets them although the database then %s', async (_what, status, plan) => {
    const { endpoint } = await faultyEndpoint(plan);
    const broken = new TestClient({ ...variables, DATABASE_HTTP_ENDPOINT: endpoint });
    const cookies = await withExpiredAccess(client, account);
    const answer = await broken.submit('/account', { ...save, name: 'Ada' }, { cookies });
    expectPage(answer, status);
    await expectRenewed(answer);
  });

  test('from another page renews nothing (CSR-01, CSR-06)', async () => {
    const cookies = await withExpiredAccess(client, account);
    const before = await databaseState();
    for (const Origin of ['https://evil.example', 'https://app.test']) {
      const answer = await client.submit(
        '/account',
        { ...save, name: 'Eve' },
        { cookies, headers: { Origin } },
      );
      expectPage(answer, 403, Origin);
      expect([answer.roundTrips, answer.setCookies]).toEqual([0, []]);
    }
    expect(await databaseState()).toBe(before);
  });

  test('by an older refresh token is not done, and ends the session like every reuse', async () => {
    const strict = new TestClient({ ...variables, REFRESH_GRACE_SECONDS: '0' });
    const refreshed = await strict.post('/api/auth/refresh', {}, { cookies: refreshOf(account) });
    const answer = await strict.submit('/account', { ...save, name: 'Eve' }, { cookies: refreshOf(account) });
    expect(led(answer)).toEqual([303, '/login?redirectTo=%2Faccount']);
    expect((await client.get('/api/auth/me', { cookies: authCookies(refreshed) })).status).toBe(401);
  });
});

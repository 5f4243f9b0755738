import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { freshEmail, password, registration } from '../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { led } from '../support/hosted-pages.ts';
import { titleOf } from '../support/shown-page.ts';
import { codeAt } from '../support/two-factor.ts';
import { expectPage } from './expect-page.ts';
import { submitForm } from './hosted-page-table.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import type { Account } from './route-table.ts';

const client = new TestClient();
let account: Account;
let other: Account;
beforeEach(async () => {
  recordLog();
  const insert = () => insertAccount(client, ({ twoFactor }) => twoFactor);
  [account, other] = [await insert(), await insert()];
});

type Cookies = Readonly<Record<string, string>>;

/** What a browser may bring to a sign-in: what somebody planted there, and what somebody else left. */
const brought = (): [what: string, cookies: Cookies][] => [
  ['values of its own choice', { '__Host-nexora_access': 'chosen', '__Host-nexora_refresh': 'chosen' }],
  ['the cookies of somebody else', other.cookies],
  ['the refresh token of somebody else', refreshOf(other.cookies)],
  ['its own of before', account.cookies],
  ['a challenge of somebody else', challengeOf(other.twoFactor.cookies)],
];

function refreshOf(cookies: Cookies): Cookies {
  return { '__Host-nexora_refresh': cookies['__Host-nexora_refresh'] ?? '' };
}

function challengeOf(cookies: Cookies): Cookies {
  return { '__Host-nexora_challenge': cookies['__Host-nexora_challenge'] ?? '' };
}

function idsOf(cookies: Cookies): { sid: unknown; sub: unknown } {
  const { sid, sub } = decodeJwt(cookies['__Host-nexora_access'] ?? '');
  return { sid, sub };
}

function me(cookies: Cookies): Promise<Answer> {
  return client.get('/api/auth/me', { cookies });
}

/** That the browser has a session of its own now, of this account, and nothing of what it brought. */
async function expectFresh(answer: Answer, userId: string | null, before: Cookies): Promise<Cookies> {
  expect(answer.status, answer.text).toBe(303);
  const cookies = authCookies(answer);
  expect((await me(cookies)).status).toBe(200);
  const { sid, sub } = idsOf(cookies);
  if (userId !== null) expect(sub).toBe(userId);
  for (const name of ['__Host-nexora_access', '__Host-nexora_refresh'])
    expect(cookies[name]).not.toBe(before[name]);
  const token = before['__Host-nexora_access'] ?? '';
  if (token.startsWith('ey')) expect(idsOf(before).sid).not.toBe(sid);
  for (const line of answer.setCookies.filter((cookie) => cookie.startsWith('__Host-nexora_')))
    expect(line).toMatch(/; Path=\/; Secure; HttpOnly; SameSite=Lax/);
  return cookies;
}

describe('a sign-in on a page', () => {
  test('adopts nothing that the browser brought (SES-03, CSR-06)', async () => {
    for (const [what, cookies] of brought()) {
      const form = { email: account.email, password };
      const answer = await client.submit('/login', form, { cookies });
      expect(answer.headers.get('Location'), what).toBe('https://auth.test/account');
      await expectFresh(answer, account.userId, cookies);
    }
  });

  test('is no other for a browser that says nothing, and gives tokens to cookies alone (SES-03)', async () => {
    const answer = await client.submit('/login', { email: account.email, password });
    await expectFresh(answer, account.userId, {});
    expect(answer.text).toBe('');
    expect(
      [...answer.headers].filter(([name, value]) => name !== 'set-cookie' && value.includes('nxr_')),
    ).toEqual([]);
    // A form may not choose how tokens travel.
    for (const further of [
      { transport: 'body' },
      { trustedDeviceToken: account.twoFactor.trustedDeviceToken },
    ]) {
      const chosen = await client.submit('/login', { email: account.email, password, ...further });
      expect(chosen.text).not.toMatch(/nxr_|accessToken|eyJ/);
    }
  });

  test('that is refused leaves the cookies of the browser alone, and their session (SES-03)', async () => {
    for (const form of [
      { email: account.email, password: 'wrong password' },
      { email: freshEmail(), password },
      { email: account.email },
    ]) {
      const answer = await client.submit('/login', form, { cookies: other.cookies });
      expect([400, 401]).toContain(answer.status);
      expect(answer.setCookies).toEqual([]);
    }
    expect((await me(other.cookies)).status).toBe(200);
  });
});

describe('a registration on a page', () => {
  test('adopts nothing that the browser brought (SES-03)', async () => {
    for (const [, cookies] of brought()) {
      const form = registration(freshEmail()) as Record<string, string>;
      await expectFresh(await client.submit('/register', form, { cookies }), null, cookies);
    }
  });
});

describe('the second step on a page', () => {
  const prove = (cookies: Cookies) =>
    client.submit('/login/two-factor', { code: codeAt(account.twoFactor.secret) }, { cookies });

  test('opens a session that nobody brought, once for each challenge (SES-03)', async () => {
    const challenge = challengeOf(account.twoFactor.cookies);
    const before = { ...other.cookies, ...challenge };
    const answer = await prove(before);
    await expectFresh(answer, account.twoFactor.userId, other.cookies);
    expect(cookieValue(answer, '__Host-nexora_challenge')).toBe('');
    await query(sql`
      UPDATE factors SET last_step = NULL WHERE user_id = ${account.twoFactor.userId}::uuid`);
    const again = await prove(challenge);
    expectPage(again, 401);
    expect(again.setCookies).toEqual([]);
    expect(again.text).toContain('expired');
  });

  test('is open to nobody by a session: before it the browser has the challenge alone (SES-03)', async () => {
    const { email } = account.twoFactor;
    const first = await client.submit('/login', { email, password });
    expect(led(first)).toEqual([303, '/login/two-factor']);
    expect(first.setCookies.map((cookie) => cookie.split('=')[0])).toEqual(['__Host-nexora_challenge']);
    const cookies = challengeOf({
      '__Host-nexora_challenge': cookieValue(first, '__Host-nexora_challenge') ?? '',
    });
    expect((await me(cookies)).status).toBe(401);
    expect((await client.get('/account', { cookies })).headers.get('Location')).toBe(
      '/login?redirectTo=%2Faccount',
    );
    await expectFresh(await prove(cookies), account.twoFactor.userId, {});
  });

  test('without its challenge leads back to the sign-in', async () => {
    for (const cookies of [{}, account.cookies, { '__Host-nexora_challenge': 'nxc_forged' }]) {
      const shown = await client.get('/login/two-factor', { cookies });
      expectPage(shown, 200);
      expect([titleOf(shown), shown.text.includes('expired')]).toEqual(['Second step', true]);
      const answer = await prove(cookies);
      expect([answer.status, answer.setCookies]).toEqual([401, []]);
    }
  });
});

describe('the session of a browser', () => {
  test.each<[form: readonly [string, string], what: 'holder' | 'twoFactor']>([
    [['/account', 'password/change'], 'holder'],
    [['/reauthenticate', 'prove'], 'holder'],
    [['/account/security', 'two-factor/enable'], 'twoFactor'],
  ])('gets a new id by %s, and its former cookies open nothing (SES-03, PWD-08)', async (form, what) => {
    const before = what === 'holder' ? account : account.twoFactor;
    expect((await me(before.cookies)).status).toBe(200);
    const answer = await submitForm(client, form, account);
    expect([200, 303], answer.text).toContain(answer.status);
    const cookies = authCookies(answer);
    expect(idsOf(cookies).sub).toBe(before.userId);
    expect(idsOf(cookies).sid).not.toBe(idsOf(before.cookies).sid);
    expect((await me(cookies)).status).toBe(200);
    expect((await me(before.cookies)).status).toBe(401);
    const refreshed = await client.post('/api/auth/refresh', {}, { cookies: refreshOf(cookies) });
    expect(refreshed.status).toBe(200);
    const former = await client.post('/api/auth/refresh', {}, { cookies: refreshOf(before.cookies) });
    expect(former.status).toBe(401);
  });

  test.each<[form: readonly [string, string]]>([
    [['/logout', 'sign out']],
    [['/account/sessions', 'sessions/end']],
    [['/account/sessions', 'sessions/end_all']],
    [['/account/delete', 'delete']],
  ])('ends by %s, and the browser forgets it', async (form) => {
    const answer = await submitForm(client, form, account);
    expect(led(answer)).toEqual([303, '/login']);
    expect(authCookies(answer)).toEqual({ '__Host-nexora_access': '', '__Host-nexora_refresh': '' });
    expect((await me(account.cookies)).status).toBe(401);
    const refreshed = await client.post('/api/auth/refresh', {}, { cookies: refreshOf(account.cookies) });
    expect(refreshed.status).toBe(401);
  });

  test('ends by its refresh token alone as well: it outlives its access token', async () => {
    const answer = await client.submit('/logout', {}, { cookies: refreshOf(account.cookies) });
    expect([answer.status, answer.roundTrips]).toEqual([303, 1]);
    expect((await me(account.cookies)).status).toBe(401);
  });
});

describe('a new password on a page', () => {
  test('may be 15 lowercase words with spaces, and may be pasted (PWD-08)', async () => {
    const words = Array.from({ length: 15 }, (_, index) => `lowercase${index}`.replace(/\d/g, 'x')).join(' ');
    const fields = { section: 'password', action: 'change' };
    const form = { ...fields, currentPassword: password, newPassword: words, confirmPassword: words };
    const answer = await client.submit('/account', form, { cookies: account.cookies });
    expect(answer.status, answer.text).toBe(303);
    for (const [path, count] of [
      ['/register', 2],
      ['/account', 2],
    ] as const) {
      const { text } = await client.get(path, { cookies: authCookies(answer) });
      const own = path === '/register' ? (await client.get(path)).text : text;
      expect(own.match(/autocomplete="new-password"/g), path).toHaveLength(count);
      expect(own, path).not.toMatch(/onpaste|maxlength|pattern=|autocomplete="off"/);
    }
  });
});

import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { pageLanguages } from '../../../src/languages/page-languages.ts';
import { password } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { type Cookies, focusedIn, inputOf, led, press } from '../../support/hosted-pages.ts';
import { alertOf, formsOf, linksOf, titleOf } from '../../support/shown-page.ts';
import { baseUrl } from '../../support/test-env.ts';
import { freshCode, type TwoFactorUser, twoFactorUser, wrongCode } from '../../support/two-factor.ts';
import { challengeCookie, change, exhaustChecks, trustedCookie } from './calls.ts';

const path = '/login/two-factor';
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const en = pageLanguages.en!;
const text = en.signIn.twoFactor;
const target = { redirectTo: 'https://app.test/inbox?a=b' };

/** The first step, on the page. */
async function firstStep(user: TwoFactorUser, form = {}, cookies: Cookies = {}) {
  const answer = await press(client, '/login', { email: user.email, password, ...form }, cookies);
  return { answer, cookies: { [challengeCookie]: cookieValue(answer, challengeCookie) ?? '' } };
}

async function begun(form = {}) {
  const user = await twoFactorUser(client);
  return { user, ...(await firstStep(user, form)) };
}

async function expectSignedIn(answer: Answer, { email }: TwoFactorUser): Promise<void> {
  const me = await client.get('/api/auth/me', { cookies: authCookies(answer) });
  expect([me.status, me.json.user?.email]).toEqual([200, email]);
  expect(cookieValue(answer, challengeCookie), 'the challenge is cleared').toBe('');
}

function expectNotSignedIn({ setCookies }: Answer): void {
  expect(setCookies.filter((line) => /^__Host-nexora_(?:access|refresh|trusted)=/.test(line))).toEqual([]);
}

describe('POST /login for an account with two-factor', () => {
  test('leads to the second step with its challenge and its target, and signs nobody in', async () => {
    const { answer } = await begun(target);
    expect(led(answer)).toEqual([303, `${path}?${new URLSearchParams(target)}`]);
    expect(answer.setCookies).toEqual([
      expect.stringMatching(/^__Host-nexora_challenge=.+; HttpOnly;.* Max-Age=600$/),
    ]);
    expect(led((await begun()).answer)).toEqual([303, path]);
  });
});

describe('GET /login/two-factor', () => {
  test('asks for a code, and offers the backup code and the way back, each with the target', async () => {
    const { cookies } = await begun();
    const query = new URLSearchParams(target);
    const answer = await client.get(`${path}?${query}`, { cookies });
    expect([answer.status, answer.roundTrips, titleOf(answer)]).toEqual([200, 0, text.title]);
    expect(formsOf(answer)).toEqual([{ action: path, fields: { ...target, code: '' } }]);
    expect(inputOf(answer, 'code')).toMatch(/type="text" autocomplete="one-time-code".* inputmode="numeric"/);
    expect(focusedIn(answer)).toBe('code');
    expect(inputOf(answer, 'trustDevice')).toContain('type="checkbox"');
    expect(linksOf(answer)).toEqual({
      [text.useBackupCode]: `${path}?way=backup&${query}`,
      [text.startAgain]: `/login?${query}`,
    });
    const backup = await client.get(`${path}?way=backup&${query}`, { cookies });
    expect(formsOf(backup)).toEqual([{ action: path, fields: { ...target, backupCode: '' } }]);
    expect(linksOf(backup)[text.useApp]).toBe(`${path}?${query}`);
  });

  test('says without a challenge, or with a forged one, that the sign-in has expired', async () => {
    for (const cookies of [{}, { [challengeCookie]: 'nxh_forged' }]) {
      const answer = await client.get(`${path}?${new URLSearchParams(target)}`, { cookies });
      expect([answer.status, answer.roundTrips, alertOf(answer)]).toEqual([200, 0, text.expired]);
      expect(formsOf(answer)).toEqual([]);
      expect(Object.values(linksOf(answer))).toEqual([`/login?${new URLSearchParams(target)}`]);
    }
  });
});

describe('POST /login/two-factor', () => {
  test('signs in by a code and leads to the target', async () => {
    const { user, cookies } = await begun();
    const answer = await press(client, path, { ...target, code: await freshCode(client, user) }, cookies);
    expect(led(answer)).toEqual([303, target.redirectTo]);
    await expectSignedIn(answer, user);
    expect(cookieValue(answer, trustedCookie)).toBeUndefined();
  });

  test('signs in by a backup code, once', async () => {
    const { user, cookies } = await begun();
    const [backupCode = ''] = user.backupCodes;
    const answer = await press(client, path, { backupCode: ` ${backupCode.toLowerCase()} ` }, cookies);
    expect(led(answer)).toEqual([303, `${baseUrl}/account`]);
    await expectSignedIn(answer, user);
    const again = await press(client, path, { backupCode }, (await firstStep(user)).cookies);
    expect([again.status, alertOf(again), focusedIn(again)]).toEqual([
      ...[401, en.errors.invalid_code, 'backupCode'],
    ]);
    expectNotSignedIn(again);
  });

  test('trusts the device where that is ticked, so that the next sign-in there asks for no code', async () => {
    const { user, cookies } = await begun();
    const form = { code: await freshCode(client, user), trustDevice: 'true' };
    const answer = await press(client, path, form, cookies);
    await expectSignedIn(answer, user);
    const trusted = { [trustedCookie]: cookieValue(answer, trustedCookie)! };
    const next = await firstStep(user, target, trusted);
    expect(led(next.answer)).toEqual([303, target.redirectTo]);
    expect((await client.get('/api/auth/me', { cookies: authCookies(next.answer) })).status).toBe(200);
  });

  test('tells a wrong code at its field, without it, and takes a right one afterwards', async () => {
    const { user, cookies } = await begun();
    const code = wrongCode(user.secret);
    const answer = await press(client, path, { ...target, code }, cookies);
    expect([answer.status, alertOf(answer), focusedIn(answer)]).toEqual([
      ...[401, en.errors.invalid_code, 'code'],
    ]);
    expect(inputOf(answer, 'code')).not.toContain('value=');
    expect(formsOf(answer)[0]?.fields).toEqual({ ...target, code: '' });
    expectNotSignedIn(answer);
    const form = { ...formsOf(answer)[0]!.fields, code: await freshCode(client, user) };
    expect(led(await press(client, path, form, cookies))).toEqual([303, target.redirectTo]);
  });

  test('keeps the box for the device as it was ticked after a wrong code', async () => {
    const { user, cookies } = await begun();
    const boxAfter = async (form: Readonly<Record<string, string>>) => {
      const answer = await press(client, path, { code: wrongCode(user.secret), ...form }, cookies);
      expect(answer.status).toBe(401);
      return inputOf(answer, 'trustDevice') ?? '';
    };
    expect(await boxAfter({ trustDevice: 'true' })).toMatch(/ value="true" checked/);
    expect(await boxAfter({})).not.toContain('checked');
  });

  test.each([
    ['no code', {}],
    ['both', { code: '123456', backupCode: 'AAAA-AAAA-AAAA-AAAA' }],
    ['a text', { code: 'abc' }],
    ['a box with another value', { code: '123456', trustDevice: 'on' }],
  ])('asks nobody about a form with %s', async (_what, form) => {
    const { cookies } = await begun();
    const answer = await press(client, path, form, cookies);
    expect([answer.status, answer.roundTrips]).toEqual([400, 0]);
    expect(alertOf(answer)).toBeDefined();
    expectNotSignedIn(answer);
  });

  test('says that the sign-in has expired: without a challenge, after it, and once it was completed', async () => {
    const { user, cookies } = await begun();
    const expectExpired = (answer: Answer) => {
      expect([answer.status, alertOf(answer)]).toEqual([401, text.expired]);
      expect(formsOf(answer)).toEqual([]);
      expect(Object.values(linksOf(answer))).toEqual([`/login?${new URLSearchParams(target)}`]);
      expectNotSignedIn(answer);
    };
    const form = async () => ({ ...target, code: await freshCode(client, user) });
    expectExpired(await press(client, path, await form()));
    expect((await press(client, path, await form(), cookies)).status).toBe(303);
    expectExpired(await press(client, path, await form(), cookies));
    const late = await firstStep(user);
    await change(
      client,
      sql`UPDATE one_time_tokens SET expires_at = now() - interval '1 second'
        WHERE owner_id = ${user.userId}::uuid AND kind = 'two_factor_challenge'`,
    );
    expectExpired(await press(client, path, await form(), late.cookies));
  });

  test('tells after too many wrong codes when the next one is taken', async () => {
    const user = await twoFactorUser(client);
    await exhaustChecks(client, user);
    const { cookies } = await firstStep(user);
    const answer = await press(client, path, { code: await freshCode(client, user) }, cookies);
    expect([answer.status, alertOf(answer)]).toEqual([429, en.errors.too_many_attempts]);
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
    expectNotSignedIn(answer);
  });
});

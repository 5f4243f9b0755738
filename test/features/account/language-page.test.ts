import { describe, expect, test } from 'vitest';
import { registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { type Cookies, led, press, withoutDatabase } from '../../support/hosted-pages.ts';
import { titleOf } from '../../support/shown-page.ts';
import { baseUrl } from '../../support/test-env.ts';
import { findUsers } from '../password/stored-accounts.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const languageCookie = '__Host-nexora_language';

const choose = (language: string, returnTo = '/login', cookies: Cookies = {}, by = client): Promise<Answer> =>
  press(by, '/language', { language, returnTo }, cookies);

describe('POST /language', () => {
  test('remembers the language in this browser, whatever that prefers, and leads back', async () => {
    const answer = await choose('de', '/login?redirectTo=%2Faccount');
    expect([...led(answer), answer.roundTrips]).toEqual([
      ...[303, `${baseUrl}/login?redirectTo=%2Faccount`, 0],
    ]);
    expect(answer.setCookies).toEqual([
      `${languageCookie}=de; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000`,
    ]);
    const headers = { 'Accept-Language': 'en' };
    const shown = await client.get('/login', { cookies: { [languageCookie]: 'de' }, headers });
    expect([titleOf(shown), shown.headers.get('Content-Language')]).toEqual(['Anmelden', 'de']);
    expect(shown.text).toContain('<html lang="de">');
  });

  test('changes the language of the mails to whoever is signed in', async () => {
    const { email, ...answer } = await registerUser(client, {}, { 'Accept-Language': 'fr' });
    expect(await findUsers(email)).toMatchObject([{ locale: 'fr' }]);
    const chosen = await choose('de', '/account', authCookies(answer));
    expect(led(chosen)).toEqual([303, `${baseUrl}/account`]);
    expect(await findUsers(email)).toMatchObject([{ locale: 'de', name: 'Test User' }]);
    const { '__Host-nexora_refresh': refreshToken = '' } = authCookies(answer);
    await choose('en', '/account', { '__Host-nexora_refresh': refreshToken });
    expect(await findUsers(email)).toMatchObject([{ locale: 'en' }]);
  });

  // That it leads nowhere else, test/contract/hosted-page-targets.test.ts tries.
  test.each(['/account/security?cursor=x', '/auth/unlock?token=nxu_x', '/'])(
    'leads back to %s of this service',
    async (returnTo) => {
      const answer = await choose('de', returnTo);
      expect(led(answer)).toEqual([303, baseUrl + returnTo]);
      expect(cookieValue(answer, languageCookie)).toBe('de');
    },
  );

  test('ignores a language that there is not', async () => {
    const { email, ...registered } = await registerUser(client, {}, { 'Accept-Language': 'es' });
    for (const language of ['fr', 'DE', 'constructor', '__proto__', '']) {
      const answer = await choose(language, '/account', authCookies(registered));
      expect([...led(answer), answer.setCookies], language).toEqual([303, `${baseUrl}/account`, []]);
    }
    expect(await findUsers(email)).toMatchObject([{ locale: 'es' }]);
  });

  test('changes the pages also while the database is out of reach, and after the session has ended', async () => {
    const cookies = authCookies(await registerUser(client));
    const down = await choose('de', '/account', cookies, await withoutDatabase());
    expect([down.status, cookieValue(down, languageCookie)]).toEqual([303, 'de']);
    expect((await client.post('/api/auth/logout', {}, { cookies })).status).toBe(200);
    const ended = await choose('de', '/account', cookies);
    expect([ended.status, cookieValue(ended, languageCookie)]).toEqual([303, 'de']);
  });

  test('shows a browser whose cookie has no language the one that it prefers', async () => {
    for (const value of ['fr', 'x', '<b>', '__proto__']) {
      const headers = { 'Accept-Language': 'en' };
      const shown = await client.get('/login', { cookies: { [languageCookie]: value }, headers });
      expect([shown.status, titleOf(shown)]).toEqual([200, 'Sign in']);
    }
  });
});

describe('GET /language', () => {
  test('leads home and chooses nothing', async () => {
    const answer = await client.get('/language?language=de');
    expect([...led(answer), answer.setCookies]).toEqual([303, '/', []]);
  });
});

describe('GET /', () => {
  test('leads to the account, or to the sign-in', async () => {
    const cookies = authCookies(await registerUser(client));
    expect([...led(await client.get('/'))]).toEqual([303, '/login']);
    const answer = await client.get('/', { cookies });
    expect([...led(answer), answer.roundTrips, answer.setCookies]).toEqual([303, '/account', 1, []]);
    await client.post('/api/auth/logout', {}, { cookies });
    expect(led(await client.get('/', { cookies }))).toEqual([303, '/login']);
  });
});

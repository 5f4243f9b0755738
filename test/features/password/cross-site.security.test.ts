import { beforeAll, describe, expect, test } from 'vitest';
import { freshEmail, password, registerUser, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { baseUrl } from '../../support/test-env.ts';

describe.each(['/api/auth/login', '/api/auth/register'])('%s sent by a page (CSRF-06)', (path) => {
  const client = new TestClient({ LOGIN_ATTEMPTS_MAX: '100' });
  const isLogin = path.endsWith('login');
  let email: string;
  beforeAll(async () => {
    email = (await registerUser(client)).email;
  });

  /** A request that is right but for where it comes from and what it calls itself. */
  function send(
    headers: Readonly<Record<string, string>>,
    contentType = 'application/json',
  ): Promise<Answer> {
    const body = JSON.stringify(isLogin ? { email, password } : registration(freshEmail()));
    const init = { method: 'POST', headers: { 'Content-Type': contentType, ...headers }, body };
    return client.send(new Request(`${baseUrl}${path}`, init));
  }

  test.each([
    ['a foreign origin', { Origin: 'https://evil.test' }],
    [
      'a foreign origin that says same-origin',
      { Origin: 'https://evil.test', 'Sec-Fetch-Site': 'same-origin' },
    ],
    ['a sub-domain', { Origin: 'https://sub.auth.test' }],
    ['another scheme', { Origin: 'http://auth.test' }],
    ['another port', { Origin: 'https://auth.test:8443' }],
    ['a look-alike', { Origin: 'https://auth.test.evil.test' }],
    ['a hidden origin', { Origin: 'null' }],
    ['a hidden origin, cross-site', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
    ['no origin, cross-site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['no origin, same-site', { 'Sec-Fetch-Site': 'same-site' }],
  ])('of %s is 403 csrf_rejected before anything is read, and sets no cookie', async (_page, headers) => {
    for (const contentType of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const answer = await send(headers, contentType);
      expect(answer.json).toMatchObject({ status: 403, code: 'csrf_rejected' });
      expect(answer).toMatchObject({ status: 403, setCookies: [], roundTrips: 0, hashes: 0 });
    }
  });

  test.each([
    ['our own origin', { Origin: 'https://auth.test' }],
    ['an allowed origin', { Origin: 'https://app.test', 'Sec-Fetch-Site': 'cross-site' }],
    ['our own page without Origin', { 'Sec-Fetch-Site': 'same-origin' }],
    ['our own page that hides its origin', { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }],
    ['no page at all', {}],
    ['no page at all, with cookies', { Cookie: '__Host-nexora_access=x; __Host-nexora_refresh=y' }],
  ])('of %s passes', async (_page, headers) => {
    const answer = await send(headers);
    expect(answer.status, answer.text).toBe(isLogin ? 200 : 201);
    expect(answer.setCookies).toHaveLength(3);
  });

  test('as a form is 415 even from our own origin', async () => {
    for (const contentType of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
      const answer = await send({ Origin: 'https://auth.test' }, contentType);
      expect(answer).toMatchObject({ status: 415, setCookies: [] });
    }
  });
});

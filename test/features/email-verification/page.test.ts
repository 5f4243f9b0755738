import { describe, expect, test } from 'vitest';
import { freshEmail, otherPassword, password } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { accountsOf, registerForToken, requiredClient, unverifiedAccount } from './pending-registrations.ts';

const path = '/auth/verify-email';
const open = new TestClient();
const required = requiredClient();

describe('the page /auth/verify-email', () => {
  test('signs in by cookies that open the session', async () => {
    const token = await registerForToken(required, freshEmail());
    const done = await required.submit(path, { token, password });
    expect(done.setCookies.map((cookie) => cookie.split('=')[0])).toEqual([
      '__Host-nexora_access',
      '__Host-nexora_refresh',
      '__Host-nexora_device',
    ]);
    expect(done.text).not.toContain('nxr_');
    expect((await required.get('/api/auth/me', { cookies: authCookies(done) })).status).toBe(200);
  });

  test('asks who is signed in here for no password, until it turns out to be needed', async () => {
    const account = await unverifiedAccount(open);
    const other = await unverifiedAccount(open);
    const field = 'name="password"';
    expect((await open.get(`${path}?token=${account.token}`)).text).toContain(field);
    const cookies = authCookies(account);
    expect((await open.get(`${path}?token=${account.token}`, { cookies })).text).not.toContain(field);
    const refused = await open.submit(path, { token: account.token }, { cookies: authCookies(other) });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain(field);
    const done = await open.submit(path, { token: account.token }, { cookies });
    expect(done).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    expect(await accountsOf(open, account.email)).toMatchObject([{ is_verified: true }]);
  });

  test.each(['', otherPassword])('with the password %j asks again, with the reason', async (text) => {
    const { email, token } = await unverifiedAccount(open);
    const answer = await open.submit(path, { token, password: text });
    expect(answer).toMatchObject({ status: 400, setCookies: [] });
    expect(answer.text).toContain('Please enter the correct password of the account.');
    expect(answer.text).toContain(token);
    expect(await accountsOf(open, email)).toMatchObject([{ is_verified: false }]);
  });
});

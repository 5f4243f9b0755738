import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { logIn, password, registerUser } from '../../support/accounts.ts';
import { cookieValue, TestClient } from '../../support/client.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { findEvents, findSessions, storeAccount } from './stored-accounts.ts';

describe('POST /api/auth/login', () => {
  const client = new TestClient();

  test('answers 200 with exactly the user that register answered, and Tokens (PRV-07)', async () => {
    const registered = await registerUser(client);
    const answer = await client.post('/api/auth/login', { email: registered.email, password });
    expect(answer.status).toBe(200);
    expect(answer.json).toStrictEqual({
      success: true,
      user: registered.json.user,
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.stringMatching(/^nxr_/),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshExpiresIn: 1_209_600,
    });
    const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';
    const refreshCookie = cookieValue(answer, '__Host-nexora_refresh');
    expect(answer.setCookies).toEqual([
      `__Host-nexora_access=${answer.json.accessToken}; ${attributes}; Max-Age=900`,
      `__Host-nexora_refresh=${refreshCookie}; ${attributes}; Max-Age=1209600`,
      `__Host-nexora_device=${answer.headers.get('X-Device-Token')}; ${attributes}; Max-Age=34560000`,
    ]);
  });

  test('takes one hash and two round trips, and so does a failure with its record', async () => {
    const { email } = await signIn(client);
    expect(await logIn(client, email)).toMatchObject({ roundTrips: 2, hashes: 1 });
    const wrong = await client.post('/api/auth/login', { email, password: 'wrong password' });
    expect(wrong).toMatchObject({ status: 401, roundTrips: 2, hashes: 1 });
  });

  test('opens a session of its own each time, and leaves the earlier ones alone', async () => {
    const registered = await registerUser(client);
    const logins = [await logIn(client, registered.email), await logIn(client, registered.email)];
    const ids = [registered, ...logins].map(({ json }) => decodeJwt(json.accessToken).sid);
    expect(new Set(ids).size).toBe(3);
    const sessions = await findSessions(registered.json.user.id);
    expect(sessions.map(({ id }) => id)).toEqual(ids);
    for (const { json } of [registered, ...logins]) {
      expect((await client.get('/api/auth/me', { bearer: json.accessToken })).status).toBe(200);
    }
  });

  test('finds the account whatever the case of the address', async () => {
    const { email, userId } = await signIn(client);
    for (const spelling of [email.toUpperCase(), ` ${email} `]) {
      expect((await logIn(client, spelling)).json.user.id).toBe(userId);
    }
  });

  test('opens no session and records no success when the password is wrong', async () => {
    const { email, userId } = await signIn(client);
    await client.post('/api/auth/login', { email, password: `${password}x` });
    expect(await findSessions(userId)).toHaveLength(1);
    const events = await findEvents(userId);
    expect(events.filter(({ type }) => type === 'authn_login_success')).toEqual([]);
  });

  test('the session says which device and place it came from, as far as the request told', async () => {
    const { email } = await signIn(client);
    const headers = {
      'CF-Connecting-IP': '203.0.113.7',
      'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    };
    const { json } = await client.post('/api/auth/login', { email, password }, { headers });
    const me = await client.get('/api/auth/me', { bearer: json.accessToken });
    expect(me.json.session).toMatchObject({
      ipAddress: '203.0.113.7',
      device: { browser: 'Firefox 140.0', os: 'Linux', type: 'desktop' },
      method: 'password',
    });
  });

  test('lets nobody into an account without a password, not even with an empty one', async () => {
    const { email } = await storeAccount(null);
    const answer = await client.post('/api/auth/login', { email, password: 'null' });
    expect(answer.json.code).toBe('invalid_credentials');
    expect((await client.post('/api/auth/login', { email, password: '' })).json.code).toBe(
      'validation_failed',
    );
  });
});

import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { freshEmail, logIn, password, registerUser } from '../../support/accounts.ts';
import { authCookies, cookieValue, TestClient } from '../../support/client.ts';
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
    const { email } = await registerUser(client);
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
    const { email, json } = await registerUser(client);
    for (const spelling of [email.toUpperCase(), ` ${email} `]) {
      expect((await logIn(client, spelling)).json.user.id).toBe(json.user.id);
    }
  });

  test('records authn_login_success with the user, the session, the request id of the answer and the client address (LOG-04)', async () => {
    const { email, json } = await registerUser(client);
    const headers = { 'CF-Connecting-IP': '2001:DB8:0:0::7' };
    const answer = await client.post('/api/auth/login', { email, password }, { headers });
    const events = await findEvents(json.user.id);
    expect(events.filter(({ type }) => type === 'authn_login_success')).toEqual([
      {
        type: 'authn_login_success',
        outcome: 'success',
        method: 'password',
        session_id: decodeJwt(answer.json.accessToken).sid,
        request_id: answer.headers.get('X-Request-Id'),
        ip_address: '2001:db8::7',
      },
    ]);
  });

  test('opens no session and records no success when the password is wrong', async () => {
    const { email, json } = await registerUser(client);
    await client.post('/api/auth/login', { email, password: `${password}x` });
    expect(await findSessions(json.user.id)).toHaveLength(1);
    const events = await findEvents(json.user.id);
    expect(events.filter(({ type }) => type === 'authn_login_success')).toEqual([]);
  });

  test('the session says which device and place it came from, as far as the request told', async () => {
    const { email } = await registerUser(client);
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

describe('session cookies that come along to login (SES-03)', () => {
  const client = new TestClient();

  test('made up by the client: the new session has an id and tokens of its own', async () => {
    const { email } = await registerUser(client);
    const chosen = {
      '__Host-nexora_access': 'self-chosen',
      '__Host-nexora_refresh': 'nxr_self-chosen',
      'connect.sid': 'self-chosen',
    };
    const answer = await client.post('/api/auth/login', { email, password }, { cookies: chosen });
    expect(answer.status).toBe(200);
    expect(JSON.stringify([answer.json, answer.setCookies])).not.toContain('self-chosen');
    expect(decodeJwt(answer.json.accessToken).sid).toMatch(/^[\da-f-]{36}$/);
  });

  test("of another person's live session: it is not adopted, and stays that person's", async () => {
    const planted = await registerUser(client);
    const victim = await registerUser(client);
    const cookies = authCookies(planted);
    const answer = await client.post('/api/auth/login', { email: victim.email, password }, { cookies });
    const plantedId = decodeJwt(planted.json.accessToken).sid;
    expect(answer.json.user.id).toBe(victim.json.user.id);
    expect(decodeJwt(answer.json.accessToken).sid).not.toBe(plantedId);
    for (const [name, value] of Object.entries(authCookies(answer))) expect(value).not.toBe(cookies[name]);
    expect(await findSessions(planted.json.user.id)).toMatchObject([{ id: plantedId }]);
    const me = await client.get('/api/auth/me', { bearer: planted.json.accessToken });
    expect(me.json.user.id).toBe(planted.json.user.id);
  });

  test("of one's own live session: login still opens a new one", async () => {
    const registered = await registerUser(client);
    const cookies = authCookies(registered);
    const answer = await client.post('/api/auth/login', { email: registered.email, password }, { cookies });
    const before = decodeJwt(registered.json.accessToken).sid;
    expect(decodeJwt(answer.json.accessToken).sid).not.toBe(before);
    expect(cookieValue(answer, '__Host-nexora_refresh')).not.toBe(cookies['__Host-nexora_refresh']);
  });

  test('register does not adopt them either', async () => {
    const planted = await registerUser(client);
    const answer = await client.post(
      '/api/auth/register',
      { email: freshEmail(), name: 'Test User', password, confirmPassword: password },
      { cookies: authCookies(planted) },
    );
    expect(answer.status).toBe(201);
    const ids = [planted, answer].map(({ json }) => decodeJwt(json.accessToken).sid);
    expect(ids[0]).not.toBe(ids[1]);
    expect(answer.json.user.id).not.toBe(planted.json.user.id);
  });
});

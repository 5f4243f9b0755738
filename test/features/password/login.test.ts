import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { freshEmail, logIn, password, registerUser, registration } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { recordsOf } from './signed-in-owner.ts';
import { findSessions, type SessionColumns, storeAccount } from './stored-accounts.ts';

const client = new TestClient();

describe('POST /api/auth/login', () => {
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

  test('opens no session and records no success when the password is wrong', async () => {
    const { email, userId } = await signIn(client);
    await client.post('/api/auth/login', { email, password: `${password}x` });
    expect(await findSessions(userId)).toHaveLength(1);
    const events = await recordsOf(userId);
    expect(events.filter(({ type }) => type === 'authn_login_success')).toEqual([]);
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

const routes: [path: string, signIn: (members: object) => Promise<Answer>][] = [
  ['register', (members) => client.post('/api/auth/register', registration(freshEmail(), { ...members }))],
  [
    'login',
    async (members) => {
      const { email } = await registerUser(client);
      return client.post('/api/auth/login', { email, password, ...members });
    },
  ],
];

describe.each(routes)('transport of POST /api/auth/%s', (_path, signIn) => {
  test('absent: tokens in the body and as cookies, with a refresh token of its own for each', async () => {
    const answer = await signIn({});
    const cookie = cookieValue(answer, '__Host-nexora_refresh');
    expect(cookie).toMatch(/^nxr_/);
    expect(answer.json.refreshToken).toMatch(/^nxr_/);
    expect(cookie).not.toBe(answer.json.refreshToken);
    expect(cookieValue(answer, '__Host-nexora_access')).toBe(answer.json.accessToken);
    expect(await sessionOf(answer)).toMatchObject({ cookie_counter: 0, body_counter: 0 });
    expect((await refreshByBody(answer)).status).toBe(200);
    expect((await refreshByCookie(answer)).status).toBe(200);
  });

  test('"cookie": no refresh token in the body, and the body stays closed to the session', async () => {
    const answer = await signIn({ transport: 'cookie' });
    expect(answer.json.success).toBe(true);
    expect(answer.json).not.toHaveProperty('refreshToken');
    expect(cookieValue(answer, '__Host-nexora_access')).toBe(answer.json.accessToken);
    expect(await sessionOf(answer)).toMatchObject({ cookie_counter: 0, body_counter: null });
    const moved = authCookies(answer)['__Host-nexora_refresh'];
    expect((await client.post('/api/auth/refresh', { refreshToken: moved })).status).toBe(401);
    expect((await refreshByCookie(answer)).status).toBe(200);
  });

  test('"body": no cookie is set, and cookies stay closed to the session', async () => {
    const answer = await signIn({ transport: 'body' });
    expect(answer.setCookies).toEqual([]);
    expect(answer.json.accessToken).toEqual(expect.any(String));
    expect(await sessionOf(answer)).toMatchObject({ cookie_counter: null, body_counter: 0 });
    const moved = { '__Host-nexora_refresh': answer.json.refreshToken };
    expect((await client.post('/api/auth/refresh', undefined, { cookies: moved })).status).toBe(401);
    expect((await refreshByBody(answer)).status).toBe(200);
  });
});

/** The newest session of the user who signed in. */
async function sessionOf(answer: Answer): Promise<SessionColumns | undefined> {
  return (await findSessions(answer.json.user.id)).at(-1);
}

function refreshByBody(answer: Answer): Promise<Answer> {
  return client.post('/api/auth/refresh', { refreshToken: answer.json.refreshToken });
}

function refreshByCookie(answer: Answer): Promise<Answer> {
  return client.post('/api/auth/refresh', undefined, { cookies: authCookies(answer) });
}

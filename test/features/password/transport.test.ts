import { describe, expect, test } from 'vitest';
import { freshEmail, password, registerUser, registration } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue, TestClient } from '../../support/client.ts';
import { findSessions, type SessionColumns } from './stored-accounts.ts';

const client = new TestClient();

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

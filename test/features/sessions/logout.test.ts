import { describe, expect, test } from 'vitest';
import { logIn } from '../../support/accounts.ts';
import { type Answer, type CallOptions, TestClient } from '../../support/client.ts';
import {
  accessCookie,
  ageRotations,
  eventsOf,
  refreshByBody,
  refreshByCookie,
  refreshCookie,
  type SignedIn,
  sealRefreshToken,
  sessionRow,
  signedInBy,
  signIn,
} from './session-fixtures.ts';

const client = new TestClient();
/** The same service two hours later: every access token of now is long expired. */
const later = new TestClient({}, { now: () => Date.now() + 7_200_000 });

const cleared = [
  `${accessCookie}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`,
  `${refreshCookie}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`,
];

const presentations: readonly [string, (signedIn: SignedIn) => CallOptions][] = [
  ['its refresh token in the body', ({ bodyToken }) => ({ body: { refreshToken: bodyToken } })],
  ['its cookie refresh token in the body', ({ cookieToken }) => ({ body: { refreshToken: cookieToken } })],
  ['its access token as bearer', ({ accessToken }) => ({ bearer: accessToken })],
  ['its refresh cookie', ({ cookieToken }) => ({ cookies: { [refreshCookie]: cookieToken } })],
  ['its access cookie', ({ accessToken }) => ({ cookies: { [accessCookie]: accessToken } })],
  [
    'both cookies',
    ({ accessToken, cookieToken }) => ({
      cookies: { [accessCookie]: accessToken, [refreshCookie]: cookieToken },
    }),
  ],
];

function logout(by: TestClient, options: CallOptions = {}): Promise<Answer> {
  return by.call('POST', '/api/auth/logout', options);
}

describe('POST /api/auth/logout', () => {
  test.each(presentations)(
    'by %s ends the session in one round trip, and again it is 200, with no second event (SES-04, SES-05)',
    async (_name, present) => {
      const signedIn = await signIn(client);
      const { sessionId, userId: user_id } = signedIn;
      const answer = await logout(client, present(signedIn));
      expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: cleared });
      expect(answer.json).toEqual({ success: true, message: expect.any(String) });
      expect(await sessionRow(sessionId)).toBeNull();
      const again = await logout(client, present(signedIn));
      expect(again).toMatchObject({ status: 200, text: answer.text, setCookies: cleared });
      expect(await eventsOf(sessionId)).toEqual([
        expect.objectContaining({ type: 'user_created' }),
        { type: 'authn_token_revoked', outcome: 'success', user_id, reason: 'logout' },
      ]);
    },
  );

  test.each(presentations)(
    'by %s goes on after the access token has expired (SES-05)',
    async (_name, present) => {
      const signedIn = await signIn(client);
      expect((await later.get('/api/auth/me', { bearer: signedIn.accessToken })).status).toBe(401);
      expect(await logout(later, present(signedIn))).toMatchObject({ status: 200, roundTrips: 1 });
      expect(await sessionRow(signedIn.sessionId)).toBeNull();
    },
  );

  test('an expired access token beside a good refresh token is no obstacle (SES-05)', async () => {
    const { accessToken, bodyToken, sessionId } = await signIn(client);
    const answer = await logout(later, { bearer: accessToken, body: { refreshToken: bodyToken } });
    expect(answer.status).toBe(200);
    expect(await sessionRow(sessionId)).toBeNull();
  });

  test('by a refresh token that was rotated long ago ends the session, and is no theft', async () => {
    const { bodyToken, sessionId } = await signIn(client);
    const second = (await refreshByBody(client, bodyToken)).json.refreshToken;
    await ageRotations(sessionId, 31);
    await refreshByBody(client, second);
    await ageRotations(sessionId, 31);
    expect((await logout(client, { body: { refreshToken: bodyToken } })).status).toBe(200);
    expect(await sessionRow(sessionId)).toBeNull();
    const types = (await eventsOf(sessionId)).map(({ type }) => type);
    expect(types).toEqual(['user_created', 'authn_token_revoked']);
  });

  test.each<[string, CallOptions]>([
    ['nothing', {}],
    ['an empty body', { body: {} }],
    ['a garbage refresh token of ours', { body: { refreshToken: 'nxr_garbage' } }],
    ['a refresh token with NUL', { body: { refreshToken: 'a\0b' } }],
    ['a refresh token of 501 characters', { body: { refreshToken: 'x'.repeat(501) } }],
    ['a garbage bearer', { bearer: 'garbage' }],
    ['another scheme', { headers: { Authorization: 'Basic dTpw' } }],
    ['an empty Authorization header', { headers: { Authorization: '' } }],
    ['garbage cookies', { cookies: { [accessCookie]: 'garbage', [refreshCookie]: 'nxr_garbage' } }],
    ['empty cookies', { cookies: { [accessCookie]: '', [refreshCookie]: '' } }],
  ])('with %s is 200, clears the cookies and costs no round trip', async (_name, options) => {
    expect(await logout(client, options)).toMatchObject({ status: 200, roundTrips: 0, setCookies: cleared });
  });

  test('with an unknown token of the legacy system is 200, in one round trip', async () => {
    const answer = await logout(client, { body: { refreshToken: 'never issued' } });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: cleared });
  });

  test('ends this session alone', async () => {
    const here = await signIn(client);
    const there = signedInBy(await logIn(client, here.email));
    await logout(client, { body: { refreshToken: here.bodyToken } });
    expect((await client.get('/api/auth/me', { bearer: there.accessToken })).status).toBe(200);
    expect((await refreshByBody(client, there.bodyToken)).status).toBe(200);
  });

  test('takes the token in the body before the bearer, and the bearer before the cookies (SES-12)', async () => {
    const [byBody, byBearer, byCookie] = [await signIn(client), await signIn(client), await signIn(client)];
    const credentials = { bearer: byBearer.accessToken, cookies: { [refreshCookie]: byCookie.cookieToken } };
    await logout(client, { ...credentials, body: { refreshToken: byBody.bodyToken } });
    expect(await sessionRow(byBody.sessionId)).toBeNull();
    expect(await sessionRow(byBearer.sessionId)).not.toBeNull();
    await logout(client, credentials);
    expect(await sessionRow(byBearer.sessionId)).toBeNull();
    expect(await sessionRow(byCookie.sessionId)).not.toBeNull();
  });

  test('with a token that names nothing leaves the cookies and their session alone (SES-12)', async () => {
    const { cookieToken, sessionId } = await signIn(client);
    const cookies = { [refreshCookie]: cookieToken };
    for (const Authorization of ['Bearer garbage', 'Basic dTpw']) {
      const answer = await logout(client, { headers: { Authorization }, cookies });
      expect(answer).toMatchObject({ status: 200, setCookies: [] });
    }
    const forged = await logout(client, { body: { refreshToken: 'nxr_forged' }, cookies });
    expect(forged).toMatchObject({ status: 200, setCookies: [] });
    expect(await sessionRow(sessionId)).not.toBeNull();
  });

  test('with cookies of two sessions ends both', async () => {
    const [one, two] = [await signIn(client), await signIn(client)];
    const cookies = { [accessCookie]: one.accessToken, [refreshCookie]: two.cookieToken };
    expect((await logout(client, { cookies })).roundTrips).toBe(1);
    expect(await sessionRow(one.sessionId)).toBeNull();
    expect(await sessionRow(two.sessionId)).toBeNull();
  });

  test.each(['body', 'cookie'] as const)(
    'leaves no grace that would bring a rotated token back, by %s (RFR-06)',
    async (transport) => {
      const { accessToken, bodyToken, cookieToken, sessionId } = await signIn(client);
      const [token, refresh] =
        transport === 'body' ? [bodyToken, refreshByBody] : ([cookieToken, refreshByCookie] as const);
      await refresh(client, token);
      await client.post('/api/auth/logout', undefined, { bearer: accessToken });
      expect((await refresh(client, token)).json.code).toBe('session_expired');
      const successor = sealRefreshToken(client, { sessionId, transport, counter: 1 });
      expect((await refresh(client, successor)).json.code).toBe('session_expired');
      expect(await sessionRow(sessionId)).toBeNull();
      expect((await eventsOf(sessionId)).map(({ type }) => type)).not.toContain('authn_token_reuse');
    },
  );
});

describe('a logout with somebody else’s words', () => {
  test('a session id alone ends nothing: it is no credential (SES-01)', async () => {
    const { sessionId } = await signIn(client);
    for (const token of [sessionId, `nxr_${sessionId}`]) {
      expect((await client.post('/api/auth/logout', { refreshToken: token })).status).toBe(200);
      expect((await client.post('/api/auth/logout', undefined, { bearer: token })).status).toBe(200);
    }
    expect(await sessionRow(sessionId)).not.toBeNull();
  });

  test('an expired access token with a broken signature, or of another issuer, ends nothing (SES-05)', async () => {
    const { accessToken, sessionId } = await signIn(client);
    const [header, payload, signature = ''] = accessToken.split('.');
    const broken = [header, payload, `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`].join('.');
    const answer = await later.post('/api/auth/logout', undefined, { bearer: broken });
    expect(answer).toMatchObject({ status: 200, roundTrips: 0 });
    const elsewhere = new TestClient({ BASE_URL: 'https://other.test' });
    const headers = { Origin: 'https://other.test' };
    const abroad = await elsewhere.post('/api/auth/logout', undefined, { bearer: accessToken, headers });
    expect(abroad).toMatchObject({ status: 200, roundTrips: 0 });
    expect(await sessionRow(sessionId)).not.toBeNull();
  });
});

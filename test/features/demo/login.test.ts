import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { cookieValue, TestClient } from '../../support/client.ts';
import { baseUrl } from '../../support/test-env.ts';
import { demoClient, demoCredentials, demoLogin } from './demo-visit.ts';

const nowMs = 1_790_000_123_456;
const nowSeconds = 1_790_000_123;
const client = demoClient({}, { now: () => nowMs });
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const demoUser = {
  id: 'demo-user-id',
  email: 'demo@nexora.ai',
  name: 'Demo User',
  emailVerified: true,
  twoFactorEnabled: false,
  hasPassword: true,
  recoveryRequired: false,
  createdAt: instant,
  updatedAt: instant,
};

describe('POST /api/auth/login of the demo user', () => {
  test('answers 200 with exactly the members of User and Tokens, for no hash and no round trip (DEM-07)', async () => {
    const answer = await demoLogin(client);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 0, hashes: 0 });
    expect(answer.json).toStrictEqual({
      success: true,
      user: demoUser,
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.stringMatching(/^nxdemo_[\w-]+\.[\w-]+$/),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshExpiresIn: 7200,
    });
  });

  test('sets both tokens as cookies, of which the refresh token is another one', async () => {
    const answer = await demoLogin(client);
    const refreshCookie = cookieValue(answer, '__Host-nexora_refresh');
    const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';
    expect(answer.setCookies).toEqual([
      `__Host-nexora_access=${answer.json.accessToken}; ${attributes}; Max-Age=900`,
      `__Host-nexora_refresh=${refreshCookie}; ${attributes}; Max-Age=7200`,
    ]);
    expect(refreshCookie).not.toBe(answer.json.refreshToken);
  });

  test('issues the one transport that was asked for', async () => {
    const byCookie = await client.post('/api/auth/login', { ...demoCredentials, transport: 'cookie' });
    expect(byCookie.json).not.toHaveProperty('refreshToken');
    expect(byCookie.setCookies).toHaveLength(2);
    const byBody = await client.post('/api/auth/login', { ...demoCredentials, transport: 'body' });
    expect(byBody.json.refreshToken).toMatch(/^nxdemo_/);
    expect(byBody.setCookies).toEqual([]);
  });

  test.each(['demo@nexora.ai', 'DEMO@Nexora.AI', '  demo@nexora.ai '])(
    'knows the address as %j',
    async (email) => {
      const answer = await client.post('/api/auth/login', { ...demoCredentials, email });
      expect(answer.json.user).toEqual(demoUser);
    },
  );

  test('gives an access token that says demo: true and nothing of roles, for 15 minutes (DEM-06)', async () => {
    const { json } = await demoLogin(client);
    expect(decodeJwt(json.accessToken)).toStrictEqual({
      iss: baseUrl,
      aud: baseUrl,
      sub: 'demo-user-id',
      sid: expect.stringMatching(/^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/),
      iat: nowSeconds,
      exp: nowSeconds + 900,
      jti: expect.any(String),
      auth_time: nowSeconds,
      acr: 'aal1',
      amr: ['pwd'],
      demo: true,
    });
  });

  test('follows a shorter ACCESS_TOKEN_TTL_SECONDS', async () => {
    const answer = await demoLogin(demoClient({ ACCESS_TOKEN_TTL_SECONDS: '60' }));
    expect(answer.json.expiresIn).toBe(60);
    const { iat, exp } = decodeJwt(answer.json.accessToken);
    expect(exp).toBe(iat! + 60);
  });

  test('gives a refresh token that says demo: true (DEM-06)', async () => {
    const { json } = await demoLogin(client);
    const content = /^nxdemo_([\w-]+)\./.exec(json.refreshToken)?.[1] ?? '';
    expect(JSON.parse(atob(content.replaceAll('-', '+').replaceAll('_', '/')))).toStrictEqual({
      demo: true,
      sid: decodeJwt(json.accessToken).sid,
      transport: 'body',
      authTime: nowSeconds,
    });
  });
});

describe('a login beside the demo', () => {
  /** Everything of an answer that could tell two refusals apart. */
  const visible = ({ status, text, headers }: Awaited<ReturnType<typeof demoLogin>>) => ({
    status,
    text: text.replace(headers.get('X-Request-Id')!, 'id'),
    headers: [...headers].filter(([name]) => !['x-request-id', 'server-timing', 'ratelimit'].includes(name)),
  });

  test.each(['password1234', 'Password123', ' password123', 'x'])(
    'with the password %j is answered like any wrong password, by the same bytes',
    async (password) => {
      const answer = await client.post('/api/auth/login', { ...demoCredentials, password });
      expect(answer).toMatchObject({ status: 401, roundTrips: 0, hashes: 0, setCookies: [] });
      const ordinary = await client.post('/api/auth/login', { email: 'nobody@example.com', password });
      expect(ordinary.roundTrips).toBe(2);
      expect(visible(answer)).toEqual(visible(ordinary));
    },
  );

  test.each([
    ['no password', { email: 'demo@nexora.ai' }],
    ['an unknown member', { ...demoCredentials, admin: true }],
    ['an unknown transport', { ...demoCredentials, transport: 'mail' }],
    ['an empty password', { ...demoCredentials, password: '' }],
    ['a list', [demoCredentials]],
  ])('with %s is refused as on every deployment', async (_what, body) => {
    const answer = await client.post('/api/auth/login', body);
    expect(answer.status).toBe(400);
    expect(visible(answer)).toEqual(visible(await new TestClient().post('/api/auth/login', body)));
  });

  test.each([
    ['text/plain', '{}', {}],
    ['application/json', '{', {}],
    ['application/json', JSON.stringify(demoCredentials), { 'Content-Encoding': 'gzip' }],
    ['application/json', ' '.repeat(20_000), {}],
  ])('with an unreadable body (%s) is refused as on every deployment', async (type, body, headers) => {
    const request = () =>
      new Request(`${baseUrl}/api/auth/login`, {
        method: 'POST',
        body,
        headers: { 'Content-Type': type, ...headers },
      });
    const answer = await client.send(request());
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(visible(answer)).toEqual(visible(await new TestClient().send(request())));
  });

  test('with an endless body is 413, whoever it is for', async () => {
    const chunk = new TextEncoder().encode(' '.repeat(1024));
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const headers = { 'Content-Type': 'application/json' };
    const request = new Request(`${baseUrl}/api/auth/login`, { method: 'POST', body, headers });
    expect((await client.send(request)).status).toBe(413);
  });
});

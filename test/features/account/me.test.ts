import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, password, registration } from '../../support/accounts.ts';
import { type Answer, authCookies, TestClient, toRequest } from '../../support/client.ts';
import { query } from '../../support/database.ts';

const chromeOnWindows =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const safariOnIPhone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const client = new TestClient();

/** Registers as a browser does that reaches the service through Cloudflare's edge. */
function registerAs(
  userAgent: string | undefined,
  { ip = '203.0.113.7', cf }: { ip?: string; cf?: object } = {},
): Promise<Answer & { readonly email: string }> {
  const email = freshEmail();
  const headers = { 'CF-Connecting-IP': ip, ...(userAgent !== undefined && { 'User-Agent': userAgent }) };
  const request = toRequest('POST', '/api/auth/register', { body: registration(email), headers });
  const sent = client.send(new Request(request, { cf } as RequestInit));
  return sent.then((answer) => ({ ...answer, email }));
}

describe('GET /api/auth/me', () => {
  test('answers the user and the session, and nothing else, in one round trip (PRV-07)', async () => {
    const cf = {
      city: 'Zürich',
      region: 'Zurich',
      country: 'CH',
      postalCode: '8001',
      asn: 64_500,
      timezone: 'x',
    };
    const { email, json } = await registerAs(chromeOnWindows, { cf });
    const answer = await client.get('/api/auth/me', { bearer: json.accessToken });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    expect(answer.json).toEqual({
      success: true,
      user: {
        id: json.user.id,
        email,
        name: 'Test User',
        emailVerified: false,
        twoFactorEnabled: false,
        hasPassword: true,
        recoveryRequired: false,
        createdAt: isoTime,
        updatedAt: isoTime,
      },
      session: {
        id: expect.stringMatching(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/),
        current: true,
        createdAt: isoTime,
        lastActiveAt: isoTime,
        expiresAt: isoTime,
        ipAddress: '203.0.113.7',
        location: { city: 'Zürich', region: 'Zurich', country: 'CH' },
        device: { browser: 'Chrome 140.0.0.0', os: 'Windows 10', type: 'desktop' },
        method: 'password',
      },
    });
  });

  test('is the same by cookie as by bearer', async () => {
    const registered = await registerAs(chromeOnWindows);
    const byBearer = await client.get('/api/auth/me', { bearer: registered.json.accessToken });
    const byCookie = await client.get('/api/auth/me', { cookies: authCookies(registered) });
    expect(byCookie.text).toBe(byBearer.text);
  });

  test('the session is the one that asks, each with its own device', async () => {
    const { email, json } = await registerAs(chromeOnWindows);
    const headers = { 'User-Agent': safariOnIPhone, 'CF-Connecting-IP': '2001:DB8::7' };
    const login = await client.post('/api/auth/login', { email, password }, { headers });
    const first = await client.get('/api/auth/me', { bearer: json.accessToken });
    const second = await client.get('/api/auth/me', { bearer: login.json.accessToken });
    expect(second.json.session).toMatchObject({
      current: true,
      ipAddress: '2001:db8::7',
      device: { browser: 'Safari 18.5', os: 'iOS 18.5', type: 'mobile' },
    });
    expect(first.json.session.id).not.toBe(second.json.session.id);
    expect(first.json.session.device.browser).toBe('Chrome 140.0.0.0');
  });

  test('the session ends 30 days after it was opened', async () => {
    const { json } = await registerAs(undefined);
    const { session } = (await client.get('/api/auth/me', { bearer: json.accessToken })).json;
    expect(Date.parse(session.expiresAt) - Date.parse(session.createdAt)).toBe(2_592_000_000);
  });

  test.each([
    ['no User-Agent', undefined, {}, { device: null, location: null }],
    ['a User-Agent of no browser', 'x', {}, { device: null, location: null }],
    [
      'a country alone',
      undefined,
      { cf: { country: 'T1' } },
      { location: { city: null, region: null, country: 'T1' } },
    ],
    ['a place that is no text', undefined, { cf: { city: 7, country: null } }, { location: null }],
    ['an address that is none', undefined, { ip: '10.0.0.1, 203.0.113.7' }, { ipAddress: null }],
  ])('with %s the session says null', async (_name, userAgent, edge, expected) => {
    const { json } = await registerAs(userAgent, edge);
    const { session } = (await client.get('/api/auth/me', { bearer: json.accessToken })).json;
    expect(session).toMatchObject(expected);
  });

  test('without a password hasPassword is false, and a verified e-mail shows', async () => {
    const { json } = await registerAs(undefined);
    await query(sql`
      UPDATE users SET password_hash = NULL, email_verified_at = now() WHERE id = ${json.user.id}::uuid`);
    const { user } = (await client.get('/api/auth/me', { bearer: json.accessToken })).json;
    expect(user).toMatchObject({ hasPassword: false, emailVerified: true });
  });

  test('reads and writes nothing of the session: it is no activity', async () => {
    const { json } = await registerAs(chromeOnWindows);
    const bearer = json.accessToken;
    const first = await client.get('/api/auth/me', { bearer });
    const headers = { 'CF-Connecting-IP': '198.51.100.1', 'User-Agent': safariOnIPhone };
    await client.get('/api/auth/me', { bearer, headers });
    expect((await client.get('/api/auth/me', { bearer })).text).toBe(first.text);
  });
});

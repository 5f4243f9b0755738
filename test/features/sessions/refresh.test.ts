import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { logIn } from '../../support/accounts.ts';
import { cookieValue, TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import {
  accessCookie,
  ageRotations,
  claimsOf,
  eventsOf,
  refreshBy,
  refreshByBody,
  refreshByCookie,
  refreshCookie,
  sealRefreshToken,
  sessionRow,
  signedInBy,
  signIn,
  successorIn,
} from './session-fixtures.ts';

const idleTtlSeconds = 1_209_600;
const transports = ['cookie', 'body'] as const;

describe('POST /api/auth/refresh', () => {
  const client = new TestClient();

  test('by body it answers both tokens in the body and sets no cookie', async () => {
    const { bodyToken, sessionId, userId } = await signIn(client);
    const answer = await refreshByBody(client, bodyToken);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      accessToken: expect.any(String),
      refreshToken: expect.stringMatching(/^nxr_/),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshExpiresIn: expect.any(Number),
    });
    expect(answer.setCookies).toEqual([]);
    expect(claimsOf(answer.json.accessToken)).toMatchObject({ sid: sessionId, sub: userId });
  });

  test('by cookie it sets both cookies and never puts a refresh token in the body (CKE-03)', async () => {
    const { cookieToken } = await signIn(client);
    const answer = await refreshByCookie(client, cookieToken);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.json)).toEqual([
      'success',
      'accessToken',
      'tokenType',
      'expiresIn',
      'refreshExpiresIn',
    ]);
    expect(cookieValue(answer, accessCookie)).toBe(answer.json.accessToken);
    expect(cookieValue(answer, refreshCookie)).toMatch(/^nxr_/);
    expect(answer.setCookies).toHaveLength(2);
    expect(answer.text).not.toContain('nxr_');
  });

  test('an empty JSON object beside the cookie counts as no body token', async () => {
    const { cookieToken } = await signIn(client);
    const cookies = { [refreshCookie]: cookieToken };
    const answer = await client.post('/api/auth/refresh', {}, { cookies });
    expect(answer.status).toBe(200);
    expect(cookieValue(answer, refreshCookie)).not.toBe(cookieToken);
  });

  test('with a token in the body the cookies are left alone', async () => {
    const { bodyToken, cookieToken, sessionId } = await signIn(client);
    const cookies = { [refreshCookie]: cookieToken };
    const answer = await client.post('/api/auth/refresh', { refreshToken: bodyToken }, { cookies });
    expect(answer.status).toBe(200);
    expect(answer.setCookies).toEqual([]);
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1, cookie_counter: 0 });
  });

  test.each(transports)(
    'the first one after login rotates at once, and the new tokens open what the old ones did, by %s (RFR-01)',
    async (transport) => {
      const signedIn = await signIn(client);
      const first = transport === 'cookie' ? signedIn.cookieToken : signedIn.bodyToken;
      const answer = await refreshBy(transport, client, first);
      expect(answer.status).toBe(200);
      expect(successorIn(transport, answer)).not.toBe(first);
      expect(await sessionRow(signedIn.sessionId)).toMatchObject({
        [`${transport}_counter`]: 1,
        [`${transport}_rotated_at`]: expect.any(String),
      });
      const me = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
      expect(me.json).toMatchObject({ user: { id: signedIn.userId }, session: { id: signedIn.sessionId } });
      await ageRotations(signedIn.sessionId, 31);
      const next = await refreshBy(transport, client, successorIn(transport, answer) ?? '');
      expect(next.status).toBe(200);
      expect(successorIn(transport, next)).not.toBe(successorIn(transport, answer));
    },
  );

  test('each transport has a counter of its own: rotating one never moves the other', async () => {
    const { bodyToken, cookieToken, sessionId } = await signIn(client);
    await refreshByBody(client, bodyToken);
    await ageRotations(sessionId, 3600);
    const byCookie = await refreshByCookie(client, cookieToken);
    expect(byCookie.status).toBe(200);
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1, cookie_counter: 1 });
  });

  test('of a transport that the login did not open is none, counter or not', async () => {
    const { email } = await signIn(client);
    const { sessionId } = signedInBy(await logIn(client, email, { transport: 'cookie' }));
    const forged = sealRefreshToken(client, { sessionId, transport: 'body', counter: 0 });
    expect((await refreshByBody(client, forged)).json.code).toBe('session_expired');
  });

  test('a refresh keeps the time of authentication, takes a new jti and records no event', async () => {
    const { bodyToken, accessToken, sessionId } = await signIn(client);
    const before = await eventsOf(sessionId);
    const answer = await refreshByBody(client, bodyToken);
    const [old, fresh] = [claimsOf(accessToken), claimsOf(answer.json.accessToken)];
    expect(fresh.auth_time).toBe(old.auth_time);
    expect(fresh.amr).toEqual(['pwd']);
    expect(fresh.jti).not.toBe(old.jti);
    expect(await eventsOf(sessionId)).toEqual(before);
  });

  test('a refresh moves the last activity and the address, as the person sees them in their session', async () => {
    const { accessToken: bearer, bodyToken, sessionId } = await signIn(client);
    await openDatabase().query(sql`
      UPDATE sessions SET last_active_at = now() - interval '1 hour' WHERE id = ${sessionId}::uuid`);
    const before = (await client.get('/api/auth/me', { bearer })).json.session;
    const headers = { 'CF-Connecting-IP': '198.51.100.23' };
    await client.post('/api/auth/refresh', { refreshToken: bodyToken }, { headers });
    const after = (await client.get('/api/auth/me', { bearer })).json.session;
    expect(after).toEqual({ ...before, ipAddress: '198.51.100.23', lastActiveAt: expect.any(String) });
    const movedMs = Date.parse(after.lastActiveAt) - Date.parse(before.lastActiveAt);
    expect(movedMs).toBeGreaterThanOrEqual(3_600_000);
  });

  test('what is said about lifetimes is true to the second', async () => {
    const { cookieToken } = await signIn(client);
    const { json, setCookies } = await refreshByCookie(client, cookieToken);
    expect(json.expiresIn).toBe(900);
    expect(json.refreshExpiresIn).toBe(idleTtlSeconds);
    const { iat, exp } = claimsOf(json.accessToken) as { iat: number; exp: number };
    expect(exp - iat).toBe(json.expiresIn);
    const ages = setCookies.map((cookie) => /Max-Age=(\d+)$/.exec(cookie)?.[1]);
    expect(ages).toEqual([String(json.expiresIn), String(json.refreshExpiresIn)]);
  });

  test('of another secret costs no round trip, and one of the legacy system that nobody has one', async () => {
    const elsewhere = new TestClient({ AUTH_SECRET: btoa('x'.repeat(32)) });
    const forged = (await signIn(elsewhere)).bodyToken;
    expect(await refreshByBody(client, forged)).toMatchObject({ status: 401, roundTrips: 0 });
    const unknown = await refreshByBody(client, 'a token of the legacy system');
    expect(unknown).toMatchObject({ status: 401, roundTrips: 1 });
  });

  test('without any token it is 401 session_expired and costs no round trip', async () => {
    const answer = await client.post('/api/auth/refresh');
    expect(answer).toMatchObject({ status: 401, roundTrips: 0 });
    expect(answer.json).toMatchObject({ code: 'session_expired', title: 'Session not found or expired' });
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
  });
});

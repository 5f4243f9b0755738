import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { logIn } from '../../support/accounts.ts';
import { cookieValue, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
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
    await query(sql`
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

describe.each(transports)('the grace after a rotation, by %s', (transport) => {
  const client = new TestClient();

  /** A session whose first token has just been exchanged. */
  async function rotatedOnce() {
    const signedIn = await signIn(client);
    const first = transport === 'cookie' ? signedIn.cookieToken : signedIn.bodyToken;
    const answer = await refreshBy(transport, client, first);
    return { ...signedIn, first, second: successorIn(transport, answer) ?? '' };
  }

  test('presenting the new token at once answers the same token again (RFR-01)', async () => {
    const { second, sessionId } = await rotatedOnce();
    const before = await sessionRow(sessionId);
    const answer = await refreshBy(transport, client, second);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(successorIn(transport, answer)).toBe(second);
    expect(await sessionRow(sessionId)).toEqual(before);
  });

  test('presenting the one before answers the same successor, however often (RFR-03)', async () => {
    const { first, second, sessionId } = await rotatedOnce();
    const before = await sessionRow(sessionId);
    for (let tab = 0; tab < 5; tab++) {
      const answer = await refreshBy(transport, client, first);
      expect(answer.status).toBe(200);
      expect(successorIn(transport, answer)).toBe(second);
    }
    expect(await sessionRow(sessionId)).toEqual(before);
  });

  test('just inside its 30 seconds both get the successor, with what is left of its time and an access token as good as any (RFR-01)', async () => {
    const { first, second, sessionId, userId } = await rotatedOnce();
    await ageRotations(sessionId, 25);
    for (const token of [first, second]) {
      const answer = await refreshBy(transport, client, token);
      const { json, setCookies } = answer;
      expect(successorIn(transport, answer)).toBe(second);
      expect(json.refreshExpiresIn).toBeGreaterThan(idleTtlSeconds - 35);
      expect(json.refreshExpiresIn).toBeLessThanOrEqual(idleTtlSeconds - 25);
      const me = await client.get('/api/auth/me', { bearer: json.accessToken });
      expect(me.json.user.id).toBe(userId);
      if (transport === 'cookie') expect(setCookies[1]).toContain(`Max-Age=${json.refreshExpiresIn}`);
    }
  });

  test('after it the current token rotates and the one before is theft (RFR-01, T37)', async () => {
    const { first, second, sessionId } = await rotatedOnce();
    await ageRotations(sessionId, 31);
    const rotated = await refreshBy(transport, client, second);
    expect(rotated.status).toBe(200);
    expect(successorIn(transport, rotated)).not.toBe(second);
    // The second is now the one before and fresh; the first is two behind, grace or not.
    const stale = await refreshBy(transport, client, first);
    expect(stale).toMatchObject({ status: 401, json: { code: 'refresh_token_reused' } });
    expect(await sessionRow(sessionId)).toBeNull();
  });

  test('after it the one before ends the session though nobody rotated in between (RFR-02)', async () => {
    const { first, second, sessionId } = await rotatedOnce();
    await ageRotations(sessionId, 31);
    const stale = await refreshBy(transport, client, first);
    expect(stale).toMatchObject({ status: 401, roundTrips: 2, json: { code: 'refresh_token_reused' } });
    expect((await refreshBy(transport, client, second)).json.code).toBe('session_expired');
    expect((await eventsOf(sessionId)).at(-1)).toMatchObject({ type: 'authn_token_reuse' });
  });

  test('it is that of the transport alone: a fresh rotation of the other does not prolong it', async () => {
    const { first, sessionId, ...signedIn } = await rotatedOnce();
    await ageRotations(sessionId, 31);
    const other = transport === 'cookie' ? 'body' : 'cookie';
    const otherToken = other === 'cookie' ? signedIn.cookieToken : signedIn.bodyToken;
    expect((await refreshBy(other, client, otherToken)).status).toBe(200);
    expect((await refreshBy(transport, client, first)).json.code).toBe('refresh_token_reused');
  });
});

describe('REFRESH_GRACE_SECONDS', () => {
  test('0 means none: every use rotates, and the one before is theft at once (RFR-01)', async () => {
    const client = new TestClient({ REFRESH_GRACE_SECONDS: '0' });
    const { bodyToken, sessionId } = await signIn(client);
    const second = (await refreshByBody(client, bodyToken)).json.refreshToken;
    const third = (await refreshByBody(client, second)).json.refreshToken;
    expect(new Set([bodyToken, second, third]).size).toBe(3);
    expect((await refreshByBody(client, second)).json.code).toBe('refresh_token_reused');
    expect(await sessionRow(sessionId)).toBeNull();
  });

  test('a shorter grace ends earlier (RFR-01)', async () => {
    const client = new TestClient({ REFRESH_GRACE_SECONDS: '5' });
    const { bodyToken, sessionId } = await signIn(client);
    const second = (await refreshByBody(client, bodyToken)).json.refreshToken;
    expect((await refreshByBody(client, bodyToken)).json.refreshToken).toBe(second);
    await ageRotations(sessionId, 6);
    expect((await refreshByBody(client, bodyToken)).json.code).toBe('refresh_token_reused');
  });
});

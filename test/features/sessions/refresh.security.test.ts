import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { logIn } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import {
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

describe('reuse of a refresh token', () => {
  const client = new TestClient();

  test('ends the session with its live leaf and its access token; the other sessions live on (RFR-02)', async () => {
    const stolen = await signIn(client);
    const elsewhere = signedInBy(await logIn(client, stolen.email));
    const first = (await refreshByBody(client, stolen.bodyToken)).json;
    await ageRotations(stolen.sessionId, 31);
    const second = (await refreshByBody(client, first.refreshToken)).json;

    const headers = { 'CF-Connecting-IP': '203.0.113.99' };
    const reuse = await client.post('/api/auth/refresh', { refreshToken: stolen.bodyToken }, { headers });
    expect(reuse).toMatchObject({ status: 401, roundTrips: 2, json: { code: 'refresh_token_reused' } });
    expect(reuse.headers.get('WWW-Authenticate')).toBe('Bearer');
    expect(reuse.setCookies).toEqual([]);

    expect((await refreshByBody(client, second.refreshToken)).json.code).toBe('session_expired');
    expect((await refreshByCookie(client, stolen.cookieToken)).json.code).toBe('session_expired');
    for (const bearer of [stolen.accessToken, first.accessToken, second.accessToken]) {
      expect((await client.get('/api/auth/me', { bearer })).json.code).toBe('unauthenticated');
    }
    expect((await client.get('/api/auth/me', { bearer: elsewhere.accessToken })).status).toBe(200);
    expect((await refreshByBody(client, elsewhere.bodyToken)).status).toBe(200);
    expect((await refreshByCookie(client, elsewhere.cookieToken)).status).toBe(200);
  });

  test('is told to the owner and recorded with the address of whoever presented it, once, and nothing that is no reuse is (RFR-02)', async () => {
    const quiet = new TestClient({ EMAIL_VERIFICATION: 'off' });
    const { bodyToken, sessionId, userId, email } = await signIn(quiet);
    const { json } = await refreshByBody(client, bodyToken);
    await refreshByBody(client, bodyToken);
    expect(await mailsTo(client, email)).toEqual([]);
    await ageRotations(sessionId, 31);
    const headers = { 'CF-Connecting-IP': '203.0.113.99', 'User-Agent': 'thief/1.0' };
    const present = (refreshToken: string) => client.post('/api/auth/refresh', { refreshToken }, { headers });
    const reuse = await present(bodyToken);
    for (const refreshToken of [bodyToken, json.refreshToken]) await present(refreshToken);
    expect(await mailsTo(client, email)).toMatchObject([
      { kind: 'refresh_token_reused', user_id: userId, outcome: null, token: null },
    ]);
    const events = await query(sql`
      SELECT type, outcome, user_id, request_id, ip_address, user_agent FROM security_events
      WHERE session_id = ${sessionId}::uuid AND type = 'authn_token_reuse'`);
    expect(events).toEqual([
      {
        type: 'authn_token_reuse',
        outcome: 'failure',
        user_id: userId,
        request_id: reuse.headers.get('X-Request-Id'),
        ip_address: '203.0.113.99',
        user_agent: 'thief/1.0',
      },
    ]);
  });

  test.each([
    ['that is verified', true, 5],
    ['that nobody has verified', false, 2],
  ] as const)(
    'is told to an address %s so often at most, and ends and records every session (RFR-02)',
    async (_what, isVerified, mailsMax) => {
      const quiet = new TestClient({ EMAIL_VERIFICATION: 'off' });
      const { email, userId } = await signIn(quiet);
      if (isVerified) await query(sql`UPDATE users SET email_verified_at = now() WHERE id = ${userId}::uuid`);
      for (let theft = 0; theft <= mailsMax; theft++) {
        const { json } = await logIn(quiet, email, { transport: 'body' });
        const sessionId = String(claimsOf(json.accessToken).sid);
        await refreshByBody(quiet, json.refreshToken);
        await ageRotations(sessionId, 31);
        const reuse = await refreshByBody(quiet, json.refreshToken);
        expect(reuse).toMatchObject({ roundTrips: 2, json: { code: 'refresh_token_reused' } });
        expect(await sessionRow(sessionId)).toBeNull();
        expect((await eventsOf(sessionId)).at(-1)).toMatchObject({ type: 'authn_token_reuse' });
      }
      const told = (await mailsTo(quiet, email)).filter(({ kind }) => kind === 'refresh_token_reused');
      expect(told).toHaveLength(mailsMax);
    },
  );

  test('is noticed across a restart, since the rotation is kept in the database alone (RFR-09)', async () => {
    const { bodyToken, sessionId } = await signIn(client);
    const second = (await refreshByBody(client, bodyToken)).json.refreshToken;
    const restarted = new TestClient();
    expect((await refreshByBody(restarted, bodyToken)).json.refreshToken).toBe(second);
    await ageRotations(sessionId, 31);
    expect((await refreshByBody(new TestClient(), bodyToken)).json.code).toBe('refresh_token_reused');
    expect((await refreshByBody(new TestClient(), second)).json.code).toBe('session_expired');
  });
});

describe('the second transport of a session', () => {
  const client = new TestClient();
  const seconds = async (sessionId: string) =>
    (await eventsOf(sessionId)).filter(({ reason }) => reason === 'second_transport');

  test.each([
    ['cookie', 'body'],
    ['body', 'cookie'],
  ] as const)(
    'is recorded when it rotates for the first time, once: %s, then %s (LOG-04)',
    async (one, two) => {
      const signedIn = await signIn(client);
      const tokens = { cookie: signedIn.cookieToken, body: signedIn.bodyToken };
      const next = successorIn(one, await refreshBy(one, client, tokens[one])) ?? '';
      await ageRotations(signedIn.sessionId, 31);
      expect((await refreshBy(one, client, next)).status).toBe(200);
      expect(await seconds(signedIn.sessionId)).toEqual([]);
      const second = successorIn(two, await refreshBy(two, client, tokens[two])) ?? '';
      await refreshBy(two, client, tokens[two]);
      const event = { type: 'authn_token_created', outcome: 'success', user_id: signedIn.userId };
      expect(await seconds(signedIn.sessionId)).toEqual([{ ...event, reason: 'second_transport' }]);
      await ageRotations(signedIn.sessionId, 31);
      expect((await refreshBy(two, client, second)).status).toBe(200);
      expect(await seconds(signedIn.sessionId)).toHaveLength(1);
    },
  );

  test('is never recorded where the sign-in opened one alone (LOG-04)', async () => {
    const { email } = await signIn(client);
    const { json } = await logIn(client, email, { transport: 'body' });
    const sessionId = String(claimsOf(json.accessToken).sid);
    const { refreshToken } = (await refreshByBody(client, json.refreshToken)).json;
    await ageRotations(sessionId, 31);
    expect((await refreshByBody(client, refreshToken)).status).toBe(200);
    expect(await seconds(sessionId)).toEqual([]);
  });
});

describe('a refresh token in the wrong place', () => {
  const client = new TestClient();

  test('a body token as cookie and a cookie token in the body are 401 and change nothing (RFR-08)', async () => {
    const { bodyToken, cookieToken, sessionId } = await signIn(client);
    const before = await sessionRow(sessionId);
    for (const answer of [
      await refreshByCookie(client, bodyToken),
      await refreshByBody(client, cookieToken),
    ]) {
      expect(answer).toMatchObject({ status: 401, roundTrips: 0, json: { code: 'session_expired' } });
      expect(answer.setCookies).toEqual([]);
    }
    expect(await sessionRow(sessionId)).toEqual(before);
    expect((await refreshByBody(client, bodyToken)).status).toBe(200);
    expect((await refreshByCookie(client, cookieToken)).status).toBe(200);
  });

  test('even a stale one in the other transport is no theft (RFR-08)', async () => {
    const { bodyToken, sessionId } = await signIn(client);
    await refreshByBody(client, bodyToken);
    await ageRotations(sessionId, 31);
    const before = await sessionRow(sessionId);
    expect((await refreshByCookie(client, bodyToken)).json.code).toBe('session_expired');
    expect(await sessionRow(sessionId)).toEqual(before);
  });

  test('is no bearer, and an access token is no refresh token (RFR-08)', async () => {
    const { accessToken, bodyToken, sessionId } = await signIn(client);
    const before = await sessionRow(sessionId);
    for (const transport of ['cookie', 'body'] as const) {
      const answer = await refreshBy(transport, client, accessToken);
      expect(answer).toMatchObject({ status: 401, json: { code: 'session_expired' } });
    }
    const authorization = await client.post('/api/auth/refresh', undefined, { bearer: bodyToken });
    expect(authorization).toMatchObject({ status: 401, roundTrips: 0 });
    expect(await sessionRow(sessionId)).toEqual(before);
  });
});

describe('a refresh token that was never issued', () => {
  const client = new TestClient();

  test.each(['cookie', 'body'] as const)(
    'with a counter ahead of the database is 401 and changes nothing, by %s (RFR-11)',
    async (transport) => {
      const { sessionId } = await signIn(client);
      const before = await sessionRow(sessionId);
      for (const counter of [1, 5, 2 ** 31, 2 ** 32 - 1]) {
        const answer = await refreshBy(
          transport,
          client,
          sealRefreshToken(client, { sessionId, transport, counter }),
        );
        expect(answer).toMatchObject({ status: 401, json: { code: 'session_expired' } });
      }
      expect(await sessionRow(sessionId)).toEqual(before);
    },
  );

  test('with one changed character anywhere is refused before the database (RFR-11)', async () => {
    const { bodyToken, sessionId } = await signIn(client);
    for (let at = 'nxr_'.length; at < bodyToken.length; at++) {
      const other = bodyToken[at] === 'A' ? 'B' : 'A';
      const changed = bodyToken.slice(0, at) + other + bodyToken.slice(at + 1);
      expect(await refreshByBody(client, changed)).toMatchObject({ status: 401, roundTrips: 0 });
    }
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 0 });
  });

  test('cut, made longer, padded or without its MAC is refused before the database', async () => {
    const { bodyToken } = await signIn(client);
    for (const token of [bodyToken.slice(0, -1), `${bodyToken}A`, `${bodyToken}=`, bodyToken.slice(0, 32)])
      expect(await refreshByBody(client, token)).toMatchObject({ status: 401, roundTrips: 0 });
  });

  test.each([
    ['NUL', 'a\0b', 0],
    ['501 characters', 'x'.repeat(501), 0],
    ['1024 characters', 'x'.repeat(1024), 0],
    ['characters that need quoting', `'"\\;--$1%\u2028`, 1],
  ])('with %s is 401, never 500 (SES-14)', async (_name, token, roundTrips) => {
    expect(await refreshByBody(client, token)).toMatchObject({ status: 401, roundTrips });
  });
});

describe('POST /api/auth/refresh from a page', () => {
  const client = new TestClient();

  test('a cookie that nobody vouches for is refused; a body token needs no page (RFR-10)', async () => {
    const { bodyToken, cookieToken, sessionId } = await signIn(client);
    const headers = { Cookie: `${refreshCookie}=${cookieToken}` };
    const unnamed = await client.post('/api/auth/refresh', undefined, { headers });
    expect(unnamed).toMatchObject({ status: 403, roundTrips: 0, json: { code: 'csrf_rejected' } });
    const byBody = await client.post('/api/auth/refresh', { refreshToken: bodyToken }, { headers });
    expect(byBody).toMatchObject({ status: 200, setCookies: [] });
    expect(await sessionRow(sessionId)).toMatchObject({ cookie_counter: 0, body_counter: 1 });
  });
});

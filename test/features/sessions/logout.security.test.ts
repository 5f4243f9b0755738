import { describe, expect, test } from 'vitest';
import { TestClient } from '../../support/client.ts';
import {
  accessCookie,
  eventsOf,
  refreshByBody,
  refreshByCookie,
  sealRefreshToken,
  sessionRow,
  signIn,
} from './session-fixtures.ts';

const client = new TestClient();

describe('after a logout', () => {
  test('every token of the session is 401 at once, by bearer and by cookie (SES-04)', async () => {
    const { accessToken, bodyToken, cookieToken } = await signIn(client);
    const refreshed = (await refreshByBody(client, bodyToken)).json;
    await client.post('/api/auth/logout', undefined, { bearer: accessToken });
    for (const token of [accessToken, refreshed.accessToken]) {
      const byBearer = await client.get('/api/auth/me', { bearer: token });
      const byCookie = await client.get('/api/auth/me', { cookies: { [accessCookie]: token } });
      for (const answer of [byBearer, byCookie]) {
        expect(answer).toMatchObject({ status: 401, roundTrips: 1, setCookies: [] });
        expect(answer.json.code).toBe('unauthenticated');
        expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
      }
    }
    for (const token of [bodyToken, refreshed.refreshToken]) {
      expect((await refreshByBody(client, token)).json.code).toBe('session_expired');
    }
    const byCookie = await refreshByCookie(client, cookieToken);
    expect(byCookie).toMatchObject({ status: 401, setCookies: [], json: { code: 'session_expired' } });
  });

  test.each(['body', 'cookie'] as const)(
    'the grace does not bring a rotated token back, by %s (RFR-06)',
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
    const later = new TestClient({}, { now: () => Date.now() + 7_200_000 });
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

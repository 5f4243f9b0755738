import { describe, expect, test } from 'vitest';
import { parseDeviceToken } from '../../../src/features/known-devices/device-token.ts';
import { parseRefreshToken } from '../../../src/features/sessions/refresh-token.ts';
import { password, registerUser } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { randomSecret } from '../../support/test-env.ts';
import {
  ageRotations,
  keyringOf,
  refreshBy,
  refreshByBody,
  sessionRow,
  signIn,
  successorIn,
} from './session-fixtures.ts';

/** The device token of an answer, as the next request presents it. */
function deviceOf({ headers }: Answer): { 'X-Device-Token': string } {
  return { 'X-Device-Token': headers.get('X-Device-Token') ?? '' };
}

describe('rotating AUTH_SECRET', () => {
  const [oldSecret, newSecret] = [randomSecret(), randomSecret()];
  const before = new TestClient({ AUTH_SECRET: oldSecret });
  const during = new TestClient({ AUTH_SECRET: newSecret, AUTH_SECRET_PREVIOUS: oldSecret });
  const after = new TestClient({ AUTH_SECRET: newSecret });

  test.each(['cookie', 'body'] as const)(
    'a refresh token of the old secret still refreshes, and its successor is of the new one, by %s (SUP-04)',
    async (transport) => {
      const { sessionId, ...signedIn } = await signIn(before);
      const old = transport === 'cookie' ? signedIn.cookieToken : signedIn.bodyToken;
      const answer = await refreshBy(transport, during, old);
      expect(answer.status).toBe(200);
      const successor = successorIn(transport, answer) ?? '';
      expect(parseRefreshToken(keyringOf(after), successor)).toEqual({
        kind: 'current',
        content: { sessionId, transport, counter: 1 },
      });
      expect(parseRefreshToken(keyringOf(before), successor)).toEqual({ kind: 'forged' });
      await ageRotations(sessionId, 31);
      expect((await refreshBy(transport, after, successor)).status).toBe(200);
    },
  );

  test('once the old secret is removed its tokens are 401 before the database, and no theft (SUP-04)', async () => {
    const { bodyToken, sessionId } = await signIn(before);
    const row = await sessionRow(sessionId);
    const answer = await refreshByBody(after, bodyToken);
    expect(answer).toMatchObject({ status: 401, roundTrips: 0, json: { code: 'session_expired' } });
    expect(await sessionRow(sessionId)).toEqual(row);
  });

  test('first of all the new secret is deployed as the previous one: its tokens are good then (SUP-04)', async () => {
    const prepared = new TestClient({ AUTH_SECRET: oldSecret, AUTH_SECRET_PREVIOUS: newSecret });
    const { bodyToken } = await signIn(during);
    expect((await refreshByBody(prepared, bodyToken)).status).toBe(200);
    expect((await refreshByBody(before, bodyToken)).status).toBe(401);
  });

  test('a repeat within the grace is signed with the current secret: the same token in other bytes', async () => {
    const { bodyToken, sessionId } = await signIn(before);
    const byOld = (await refreshByBody(before, bodyToken)).json.refreshToken;
    const byNew = (await refreshByBody(during, bodyToken)).json.refreshToken;
    expect(byNew).not.toBe(byOld);
    const [old, fresh] = [
      parseRefreshToken(keyringOf(before), byOld),
      parseRefreshToken(keyringOf(after), byNew),
    ];
    expect(fresh).toEqual(old);
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1 });
    await ageRotations(sessionId, 31);
    expect((await refreshByBody(during, byOld)).status).toBe(200);
  });

  test('theft is noticed across it, and a logout with an old token goes on (SUP-04)', async () => {
    const stolen = await signIn(before);
    await refreshByBody(during, stolen.bodyToken);
    await ageRotations(stolen.sessionId, 31);
    expect((await refreshByBody(during, stolen.bodyToken)).json.code).toBe('refresh_token_reused');
    const left = await signIn(before);
    expect((await during.post('/api/auth/logout', { refreshToken: left.bodyToken })).status).toBe(200);
    expect(await sessionRow(left.sessionId)).toBeNull();
  });

  test('a device token of the old secret is replaced by one of the new at the next sign-in, whole (SUP-04)', async () => {
    const first = await registerUser(before);
    const second = await registerUser(before, {}, deviceOf(first));
    const both = deviceOf(second);
    const renewed = deviceOf(
      await during.post('/api/auth/login', { email: second.email, password }, { headers: both }),
    );
    const [old, fresh] = [both, renewed].map((header) => header['X-Device-Token']);
    expect(parseDeviceToken(keyringOf(after), old ?? '')).toBeNull();
    const known = parseDeviceToken(keyringOf(after), fresh ?? '');
    expect(known).toEqual(parseDeviceToken(keyringOf(before), old ?? ''));
    expect(known?.accounts.map(({ userId }) => userId).toSorted()).toEqual(
      [first, second].map(({ json }) => json.user.id).toSorted(),
    );
  });

  test('does not touch access tokens, whose keys are others (SUP-04)', async () => {
    const { accessToken: bearer } = await signIn(before);
    for (const client of [during, after])
      expect((await client.get('/api/auth/me', { bearer })).status).toBe(200);
  });
});

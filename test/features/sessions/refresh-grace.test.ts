import { describe, expect, test } from 'vitest';
import { TestClient } from '../../support/client.ts';
import {
  ageRotations,
  eventsOf,
  refreshBy,
  refreshByBody,
  sessionRow,
  signIn,
  successorIn,
} from './session-fixtures.ts';

const idleTtlSeconds = 1_209_600;

describe.each(['cookie', 'body'] as const)('the grace after a rotation, by %s', (transport) => {
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

  test('twenty presentations at once form one successor and log nobody out (RFR-03, T37)', async () => {
    const signedIn = await signIn(client);
    const first = transport === 'cookie' ? signedIn.cookieToken : signedIn.bodyToken;
    const answers = await Promise.all(Array.from({ length: 20 }, () => refreshBy(transport, client, first)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    const successors = new Set(answers.map((answer) => successorIn(transport, answer)));
    expect(successors.size).toBe(1);
    expect(await sessionRow(signedIn.sessionId)).toMatchObject({ [`${transport}_counter`]: 1 });
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

  test('more than 30 seconds is refused as misconfigured (RFR-01)', async () => {
    const client = new TestClient({ REFRESH_GRACE_SECONDS: '31' });
    const answer = await client.post('/api/auth/refresh');
    expect(answer).toMatchObject({ status: 503, json: { code: 'misconfigured' } });
  });
});

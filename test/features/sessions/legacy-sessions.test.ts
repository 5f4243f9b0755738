import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import {
  ageRotations,
  claimsOf,
  eventsOf,
  insertLegacySession,
  refreshBy,
  refreshByBody,
  refreshByCookie,
  sessionRow,
  signIn,
  successorIn,
} from './session-fixtures.ts';

const client = new TestClient();
const idleTtlSeconds = 1_209_600;

/** A user with a session that the legacy system opened, by the INSERT of its guide. */
async function legacySession() {
  const { userId, email } = await signIn(client);
  const token = `earlier.${crypto.randomUUID()}.${crypto.randomUUID()}`;
  return { userId, email, token, sessionId: await insertLegacySession(userId, token) };
}

describe.each([
  ['cookie', 'body'],
  ['body', 'cookie'],
] as const)('a refresh token of the legacy system, first seen by %s', (transport, other) => {
  test('opens that transport alone, at counter 1, in one round trip', async () => {
    const { token, sessionId, userId } = await legacySession();
    const answer = await refreshBy(transport, client, token);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(successorIn(transport, answer)).toMatch(/^nxr_/);
    expect(successorIn(other, answer)).toBeUndefined();
    expect(await sessionRow(sessionId)).toMatchObject({
      [`${transport}_counter`]: 1,
      [`${transport}_rotated_at`]: expect.any(String),
      [`${other}_counter`]: null,
      [`${other}_rotated_at`]: null,
    });
    const me = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
    expect(me.json).toMatchObject({ user: { id: userId }, session: { id: sessionId, method: 'legacy' } });
  });

  test('repeated within the grace answers the same successor', async () => {
    const { token, sessionId } = await legacySession();
    const successor = successorIn(transport, await refreshBy(transport, client, token));
    await ageRotations(sessionId, 20);
    for (let tab = 0; tab < 3; tab++) {
      const answer = await refreshBy(transport, client, token);
      expect(answer.status).toBe(200);
      expect(successorIn(transport, answer)).toBe(successor);
    }
    expect(await sessionRow(sessionId)).toMatchObject({ [`${transport}_counter`]: 1 });
  });

  test('in the other transport within the grace is 401 session_expired and changes nothing (RFR-08)', async () => {
    const { token, sessionId } = await legacySession();
    const successor = successorIn(transport, await refreshBy(transport, client, token)) ?? '';
    await ageRotations(sessionId, 20);
    const before = await sessionRow(sessionId);
    const elsewhere = await refreshBy(other, client, token);
    expect(elsewhere).toMatchObject({ status: 401, roundTrips: 1, json: { code: 'session_expired' } });
    expect(await sessionRow(sessionId)).toEqual(before);
    expect((await refreshBy(transport, client, successor)).status).toBe(200);
  });

  // Somebody else was first; the owner may come later, where the earlier application kept it.
  test.each([transport, other])(
    'that comes after the grace by %s ends the session, is recorded and told to the owner (RFR-02)',
    async (owners) => {
      const { token, sessionId, userId, email } = await legacySession();
      const successor = successorIn(transport, await refreshBy(transport, client, token)) ?? '';
      await ageRotations(sessionId, 31);
      const owner = await refreshBy(owners, client, token);
      expect(owner).toMatchObject({ status: 401, roundTrips: 2, json: { code: 'refresh_token_reused' } });
      expect(await sessionRow(sessionId)).toBeNull();
      expect((await refreshBy(transport, client, successor)).json.code).toBe('session_expired');
      expect((await refreshBy(owners, client, token)).json.code).toBe('session_expired');
      expect((await eventsOf(sessionId)).at(-1)).toEqual({
        ...{ type: 'authn_token_reuse', outcome: 'failure', user_id: userId, reason: null },
      });
      const told = (await mailsTo(client, email)).filter(({ kind }) => kind === 'refresh_token_reused');
      expect(told).toMatchObject([{ user_id: userId, outcome: null }]);
    },
  );

  test.each([transport, other])(
    'two rotations behind by %s is theft, grace or not (RFR-02)',
    async (owners) => {
      const { token, sessionId } = await legacySession();
      const successor = successorIn(transport, await refreshBy(transport, client, token)) ?? '';
      await ageRotations(sessionId, 31);
      expect((await refreshBy(transport, client, successor)).status).toBe(200);
      expect((await refreshBy(owners, client, token)).json.code).toBe('refresh_token_reused');
      expect(await sessionRow(sessionId)).toBeNull();
    },
  );

  test('presented twenty times at once opens one transport once (RFR-03)', async () => {
    const { token, sessionId } = await legacySession();
    const uses = Array.from({ length: 20 }, () => refreshBy(transport, client, token));
    const answers = await Promise.all(uses);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(new Set(answers.map((answer) => successorIn(transport, answer))).size).toBe(1);
    expect(await sessionRow(sessionId)).toMatchObject({ [`${transport}_counter`]: 1 });
  });
});

describe('a session of the legacy system', () => {
  test('is stored with the hash of its token alone (SES-02)', async () => {
    const { token, sessionId } = await legacySession();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    const row = await sessionRow(sessionId);
    expect(row).toMatchObject({ refresh_token: null, legacy_token_hash: `\\x${hex}` });
    expect(JSON.stringify(row)).not.toContain(token);
    for (const stored of [hex, `\\x${hex}`]) {
      expect((await refreshByBody(client, stored)).json.code).toBe('session_expired');
    }
  });

  test('used in both transports at once opens exactly one', async () => {
    const { token, sessionId } = await legacySession();
    const answers = await Promise.all([
      refreshByBody(client, token),
      refreshByCookie(client, token),
      refreshByBody(client, token),
      refreshByCookie(client, token),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 401, 401]);
    const row = await sessionRow(sessionId);
    expect([row?.cookie_counter, row?.body_counter].sort()).toEqual([1, null]);
  });

  test('has no idle end until it is first used, and its own afterwards (SES-08)', async () => {
    const { token, sessionId } = await legacySession();
    await openDatabase().query(sql`
      UPDATE sessions SET created_at = now() - interval '25 days', last_active_at = now() - interval '25 days',
        authenticated_at = now() - interval '25 days'
      WHERE id = ${sessionId}::uuid`);
    const { status, json } = await refreshByBody(client, token);
    expect(status).toBe(200);
    expect(json.refreshExpiresIn).toBe(idleTtlSeconds);
    await ageRotations(sessionId, idleTtlSeconds + 1);
    expect((await refreshByBody(client, json.refreshToken)).json.code).toBe('session_expired');
  });

  test('ends when its expires_at says so, and its token lives no longer (RFR-07)', async () => {
    const { token, sessionId } = await legacySession();
    const db = openDatabase();
    await db.query(sql`
      UPDATE sessions SET expires_at = now() + interval '100 seconds', absolute_expires_at = now() + interval '100 seconds'
      WHERE id = ${sessionId}::uuid`);
    const { json } = await refreshByBody(client, token);
    expect(json.refreshExpiresIn).toBeGreaterThan(95);
    expect(json.refreshExpiresIn).toBeLessThanOrEqual(100);
    await db.query(sql`UPDATE sessions SET expires_at = now() WHERE id = ${sessionId}::uuid`);
    expect(await refreshByBody(client, token)).toMatchObject({ status: 401, roundTrips: 1 });
  });

  test.each([
    ['500 characters', 'x'.repeat(464)],
    ['500 characters of two UTF-16 units each', '\u{1f600}'.repeat(464)],
    ['what looks like SQL and escapes', 'back\\slash \'quote\' "double" %41 \t\u00e4'],
  ])('opens with a token of %s', async (_what, prefix) => {
    const { userId } = await signIn(client);
    const token = `${prefix}${crypto.randomUUID()}`;
    const sessionId = await insertLegacySession(userId, token);
    expect((await refreshByBody(client, token)).status).toBe(200);
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1 });
  });

  test('takes no token that its column had no room for, without asking the database', async () => {
    expect(await refreshByBody(client, 'x'.repeat(501))).toMatchObject({ status: 401, roundTrips: 0 });
    expect(await refreshByBody(client, '\u{1f600}'.repeat(501))).toMatchObject({
      status: 401,
      roundTrips: 0,
    });
  });

  test('claims no way of signing in that it does not know', async () => {
    const { token, sessionId } = await legacySession();
    const { json } = await refreshByBody(client, token);
    expect(claimsOf(json.accessToken)).toMatchObject({ sid: sessionId, amr: [] });
  });

  test('of equal tokens opens the newest', async () => {
    const first = await legacySession();
    const newest = await insertLegacySession(first.userId, first.token);
    const { json } = await refreshByBody(client, first.token);
    expect(claimsOf(json.accessToken).sid).toBe(newest);
    expect(await sessionRow(first.sessionId)).toMatchObject({ body_counter: null, legacy_token_hash: null });
  });

  test.each([
    ['before its first use', 0],
    ['after its first use', 1],
  ])('ends by a logout with its token %s (SES-04)', async (_name, uses) => {
    const { token, sessionId } = await legacySession();
    for (let use = 0; use < uses; use++) await refreshByBody(client, token);
    await ageRotations(sessionId, 31);
    const answer = await client.post('/api/auth/logout', { refreshToken: token });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(await sessionRow(sessionId)).toBeNull();
    expect((await refreshByBody(client, token)).json.code).toBe('session_expired');
  });
});

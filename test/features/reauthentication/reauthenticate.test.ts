import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { password, registerUser } from '../../support/accounts.ts';
import { cookieValue, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import {
  changePassword,
  expectAlive,
  expectDead,
  reauthenticate,
  recordsOf,
  signInAgain,
} from '../password/signed-in-owner.ts';
import { bcryptHash } from '../password/stored-accounts.ts';
import {
  ageRotations,
  claimsOf,
  insertLegacySession,
  refreshByBody,
  refreshByCookie,
  type SignedIn,
  sealRefreshToken,
  sessionRow,
  signedInBy,
  signIn,
} from '../sessions/session-fixtures.ts';

const client = new TestClient();

const rename = [
  ['a re-authentication', (owner: SignedIn) => reauthenticate(client, owner)],
  ['a change of the password', (owner: SignedIn) => changePassword(client, owner)],
] as const;

describe('a logout with a token from before', () => {
  test.each(rename)('%s ends the session under its new id (SES-04, SES-05)', async (_what, renew) => {
    for (const logout of [
      ({ bodyToken }: SignedIn) => client.post('/api/auth/logout', { refreshToken: bodyToken }),
      ({ accessToken }: SignedIn) => client.post('/api/auth/logout', undefined, { bearer: accessToken }),
    ]) {
      const owner = await signIn(client);
      const { json } = await renew(owner);
      expect(await logout(owner)).toMatchObject({ status: 200, roundTrips: 1 });
      await expectDead(client, json);
      expect((await recordsOf(owner.userId)).at(-1)).toMatchObject({
        type: 'authn_token_revoked',
        reason: 'logout',
      });
    }
  });

  test('several of them ends it as well, and leaves no trace of its ids', async () => {
    const owner = await signIn(client);
    const first = await reauthenticate(client, owner);
    const second = await reauthenticate(client, first.json);
    await client.post('/api/auth/logout', { refreshToken: owner.bodyToken });
    await expectDead(client, second.json);
    const left = await query(
      sql`SELECT f.id FROM former_session_ids f WHERE f.id = ${owner.sessionId}::uuid`,
    );
    expect(left).toEqual([]);
  });
});

describe('a browser that refreshed before', () => {
  test.each(rename)('%s is no thief when it refreshes afterwards (SES-03)', async (_what, renew) => {
    const owner = await signIn(client);
    const refreshed = await refreshByCookie(client, owner.cookieToken);
    const again = await refreshByCookie(client, cookieValue(refreshed, '__Host-nexora_refresh')!);
    expect([refreshed.status, again.status]).toEqual([200, 200]);
    const renewed = await renew(owner);
    expect(renewed.status, renewed.text).toBe(200);
    const next = await refreshByCookie(client, cookieValue(renewed, '__Host-nexora_refresh')!);
    expect(next.status, next.text).toBe(200);
    expect((await recordsOf(owner.userId)).map(({ type }) => type)).not.toContain('authn_token_reuse');
  });
});

describe('POST /api/auth/reauthenticate', () => {
  test('answers 200 Tokens of the same session under a new id, in two round trips and one hash (SES-03)', async () => {
    const owner = await signIn(client);
    const answer = await reauthenticate(client, owner);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 1 });
    expect(answer.json).toStrictEqual({
      success: true,
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.stringMatching(/^nxr_/),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshExpiresIn: 1_209_600,
    });
    const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';
    expect(answer.setCookies).toEqual([
      `__Host-nexora_access=${answer.json.accessToken}; ${attributes}; Max-Age=900`,
      `__Host-nexora_refresh=${cookieValue(answer, '__Host-nexora_refresh')}; ${attributes}; Max-Age=1209600`,
    ]);
    expect(claimsOf(answer.json.accessToken).sid).not.toBe(owner.sessionId);
    await expectAlive(client, answer);
  });

  test('kills every token of before at once: 401 session_expired, never theft (SES-03)', async () => {
    const owner = await signIn(client);
    const second = (await refreshByBody(client, owner.bodyToken)).json;
    await ageRotations(owner.sessionId, 31);
    const answer = await reauthenticate(client, owner);
    // Before, the first token would have been a stolen one by now.
    await expectDead(client, owner);
    await expectDead(client, { ...owner, accessToken: second.accessToken, bodyToken: second.refreshToken });
    await expectAlive(client, answer);
    expect((await recordsOf(owner.userId)).map(({ type }) => type)).not.toContain('authn_token_reuse');
  });

  test('moves the time of authentication and keeps the rest: absolute end, device, start, method', async () => {
    const owner = await signIn(client);
    await query(sql`
      UPDATE sessions SET authenticated_at = now() - interval '3 days', created_at = now() - interval '3 days',
        absolute_expires_at = now() + interval '9 days', expires_at = now() + interval '9 days'
      WHERE id = ${owner.sessionId}::uuid`);
    const before = await sessionRow(owner.sessionId);
    const { json } = await reauthenticate(client, owner);
    const claims = claimsOf(json.accessToken);
    const after = await sessionRow(claims.sid as string);
    const { id, authenticated_at, last_active_at, ...rest } = before!;
    expect(after).toMatchObject(rest);
    expect(after!.id).not.toBe(id);
    expect([after!.authenticated_at, after!.last_active_at]).not.toContain(authenticated_at);
    expect(after!.last_active_at).not.toBe(last_active_at);
    expect(claims.auth_time).toBeGreaterThan(Date.now() / 1000 - 60);
    expect(claims.auth_time).toBe(Math.floor(Date.parse(String(after!.authenticated_at)) / 1000));
    // The idle end would be later than the absolute one.
    expect(json.refreshExpiresIn).toBeGreaterThan(9 * 86_400 - 60);
    expect(json.refreshExpiresIn).toBeLessThanOrEqual(9 * 86_400);
  });

  test.each(['cookie', 'body'] as const)(
    'answers in no other transport than the open one: %s',
    async (transport) => {
      const { email } = await registerUser(client);
      const login = await client.post('/api/auth/login', { email, password, transport });
      const answer = await reauthenticate(client, login.json);
      expect(answer.status).toBe(200);
      expect('refreshToken' in answer.json).toBe(transport === 'body');
      expect(answer.setCookies).toHaveLength(transport === 'body' ? 0 : 2);
      await expectAlive(client, answer);
      const sessionId = claimsOf(answer.json.accessToken).sid as string;
      const other = transport === 'body' ? 'cookie' : 'body';
      expect(await sessionRow(sessionId)).toMatchObject({ [`${other}_counter`]: null });
      const forged = sealRefreshToken(client, { sessionId, transport: other, counter: 0 });
      const refreshed = await (other === 'body' ? refreshByBody : refreshByCookie)(client, forged);
      expect(refreshed.json.code).toBe('session_expired');
    },
  );

  test('starts the counters and their graces anew', async () => {
    const owner = await signIn(client);
    await refreshByBody(client, owner.bodyToken);
    await refreshByCookie(client, owner.cookieToken);
    const { json } = await reauthenticate(client, owner);
    const sessionId = claimsOf(json.accessToken).sid as string;
    const counters = { cookie_counter: 0, body_counter: 0, cookie_rotated_at: null, body_rotated_at: null };
    expect(await sessionRow(sessionId)).toMatchObject(counters);
  });

  test('a token of the legacy system, which knows no id, is dead afterwards too', async () => {
    const { userId } = await signIn(client);
    const token = `earlier ${crypto.randomUUID()}`;
    await insertLegacySession(userId, token);
    const opened = await refreshByBody(client, token);
    expect(opened.status).toBe(200);
    const answer = await reauthenticate(client, opened.json);
    expect(answer.status, answer.text).toBe(200);
    expect((await refreshByBody(client, token)).json.code).toBe('session_expired');
    await expectAlive(client, answer);
  });

  test('says in amr that a password was given, once', async () => {
    const owner = await signIn(client);
    await query(sql`UPDATE sessions SET amr = '{fed}' WHERE id = ${owner.sessionId}::uuid`);
    const first = await reauthenticate(client, owner);
    expect(claimsOf(first.json.accessToken).amr).toEqual(['fed', 'pwd']);
    const second = await reauthenticate(client, first.json);
    expect(claimsOf(second.json.accessToken).amr).toEqual(['fed', 'pwd']);
  });

  test('takes a hash of the legacy system, and leaves the password as it is', async () => {
    const owner = await signIn(client);
    const hash = bcryptHash();
    await query(sql`UPDATE users SET password_hash = ${hash} WHERE id = ${owner.userId}::uuid`);
    expect((await reauthenticate(client, owner)).status).toBe(200);
  });

  test('leaves other sessions of the account alone', async () => {
    const owner = await signIn(client);
    const other = await signInAgain(client, owner.email);
    await reauthenticate(client, owner);
    expect((await client.get('/api/auth/me', { bearer: other.accessToken })).status).toBe(200);
  });

  test('by cookie it sets the new cookies and answers the body token too, where both are open', async () => {
    const registered = await registerUser(client);
    const { accessToken, cookieToken } = signedInBy(registered);
    const cookies = { '__Host-nexora_access': accessToken, '__Host-nexora_refresh': cookieToken };
    const answer = await client.post('/api/auth/reauthenticate', { password }, { cookies });
    expect(answer.status).toBe(200);
    await expectAlive(client, answer);
  });

  test('is recorded with the new id of the session, and a refusal with the reason (LOG-04)', async () => {
    const owner = await signIn(client);
    const wrong = await reauthenticate(client, owner, 'wrong');
    const { json, headers } = await reauthenticate(client, owner);
    expect((await recordsOf(owner.userId)).slice(1)).toEqual([
      {
        type: 'authn_login_fail',
        outcome: 'failure',
        method: 'password',
        reason: 'wrong_password',
        session_id: owner.sessionId,
        request_id: wrong.headers.get('X-Request-Id'),
      },
      {
        type: 'authn_login_success',
        outcome: 'success',
        method: 'password',
        reason: 'reauthentication',
        session_id: claimsOf(json.accessToken).sid,
        request_id: headers.get('X-Request-Id'),
      },
    ]);
  });
});

describe('of 80 re-authentications', { timeout: 60_000 }, () => {
  test('a session keeps its last 20 former ids: a logout with one of them ends it, and with an older one answers 200 and ends nothing (SES-20)', async () => {
    const owner = await signIn(client);
    const tokens = [owner.accessToken];
    for (let index = 0; index < 80; index++) {
      const answer = await reauthenticate(client, { accessToken: tokens.at(-1)! });
      expect(answer.status, answer.text).toBe(200);
      tokens.push(answer.json.accessToken);
    }
    const former = await query(sql`
      SELECT f.id FROM former_session_ids f JOIN sessions s ON s.id = f.session_id
      WHERE s.user_id = ${owner.userId}::uuid`);
    expect(former).toHaveLength(20);
    const logOut = (accessToken: string) =>
      client.post('/api/auth/logout', undefined, { bearer: accessToken });
    const isLive = async () => (await client.get('/api/auth/me', { bearer: tokens.at(-1)! })).status === 200;
    expect((await logOut(tokens.at(-22)!)).status).toBe(200);
    expect(await isLive()).toBe(true);
    expect((await logOut(tokens.at(-21)!)).status).toBe(200);
    expect(await isLive()).toBe(false);
  });
});

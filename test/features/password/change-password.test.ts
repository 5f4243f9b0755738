import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { otherPassword, password } from '../../support/accounts.ts';
import { breachService, restOfSha1 } from '../../support/breach-service.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { claimsOf, sessionRow, signIn } from '../sessions/session-fixtures.ts';
import {
  changePassword,
  expectAlive,
  expectDead,
  recordsOf,
  signInAgain,
  signInWithoutPassword,
} from './signed-in-owner.ts';
import { bcryptHash, findSessions, storedHash } from './stored-accounts.ts';

const client = new TestClient();

function logInWith(email: string, text: string): Promise<Answer> {
  return client.post('/api/auth/login', { email, password: text });
}

describe('POST /api/auth/password/change', () => {
  test('answers 200 Tokens of the session under a new id, and the new password is the only one (SES-03)', async () => {
    const owner = await signIn(client);
    const answer = await changePassword(client, owner);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 2 });
    expect(Object.keys(answer.json)).toEqual([
      'success',
      'accessToken',
      'refreshToken',
      'tokenType',
      'expiresIn',
      'refreshExpiresIn',
    ]);
    expect(claimsOf(answer.json.accessToken).sid).not.toBe(owner.sessionId);
    expect(answer.setCookies).toHaveLength(2);
    await expectDead(client, owner);
    await expectAlive(client, answer);
    expect((await logInWith(owner.email, password)).json.code).toBe('invalid_credentials');
    expect((await logInWith(owner.email, otherPassword)).status).toBe(200);
  });

  // What it closes besides, and what it leaves, test/contract/closing-table.test.ts looks at.
  test('ends all other sessions at once, and those of nobody else, each with a record (SES-06, LOG-04)', async () => {
    const owner = await signIn(client);
    const stranger = await signIn(client);
    const other = await signInAgain(client, owner.email);
    const { json, headers } = await changePassword(client, owner);
    await expectDead(client, other);
    const { sid: session_id } = claimsOf(json.accessToken);
    expect(await findSessions(owner.userId)).toMatchObject([{ id: session_id }]);
    expect((await client.get('/api/auth/me', { bearer: stranger.accessToken })).status).toBe(200);
    const request = { outcome: 'success', request_id: headers.get('X-Request-Id') };
    expect((await recordsOf(owner.userId)).slice(2)).toEqual([
      { ...request, type: 'authn_password_change', method: 'password', reason: null, session_id },
      {
        ...{ ...request, type: 'authn_token_revoked', method: null },
        ...{ reason: 'password_change', session_id: other.sessionId },
      },
    ]);
  });

  test('replaces a hash of the legacy system, whatever the length of its password', async () => {
    const owner = await signIn(client);
    await query(sql`UPDATE users SET password_hash = ${bcryptHash()} WHERE id = ${owner.userId}::uuid`);
    expect((await changePassword(client, owner)).status).toBe(200);
    expect(await storedHash(owner.userId)).toMatch(/^\$argon2id\$/);
  });
});

describe('a password change that is refused', () => {
  /** Checks that the password and the sessions are what they were. */
  async function expectUnchanged(owner: Awaited<ReturnType<typeof signIn>>): Promise<void> {
    expect((await client.get('/api/auth/me', { bearer: owner.accessToken })).status).toBe(200);
    expect(await sessionRow(owner.sessionId)).toMatchObject({ body_counter: 0 });
    expect((await logInWith(owner.email, password)).status).toBe(200);
  }

  test.each([
    ['wrong', 'wrong', 'wrong_password'],
    ['left out', undefined, 'password_missing'],
  ])(
    'with a current password that is %s is 403 and recorded (PWD-13)',
    async (_what, currentPassword, reason) => {
      const owner = await signIn(client);
      const answer = await changePassword(client, owner, { currentPassword });
      expect(answer).toMatchObject({ status: 403, roundTrips: 2, setCookies: [] });
      expect(answer.json.code).toBe('invalid_credentials');
      expect((await recordsOf(owner.userId)).at(-1)).toMatchObject({
        type: 'authn_password_change_fail',
        outcome: 'failure',
        reason,
        session_id: owner.sessionId,
      });
      await expectUnchanged(owner);
    },
  );

  test('since the new one is the current one is 400 password_unchanged, composed or not (PWD-13, PWD-04)', async () => {
    const composed = 'caf\u00e9 on the canal at night';
    const owner = await signIn(client);
    const changed = await changePassword(client, owner, { newPassword: composed });
    for (const newPassword of [composed, composed.normalize('NFD')]) {
      const currentPassword = composed;
      const answer = await changePassword(client, changed.json, { currentPassword, newPassword });
      expect(answer).toMatchObject({ status: 400, roundTrips: 2, hashes: 1 });
      expect(answer.json.code).toBe('password_unchanged');
    }
    const last = (await recordsOf(owner.userId)).at(-1);
    expect(last).toMatchObject({ type: 'authn_password_change_fail', reason: 'password_unchanged' });
  });

  test('does not say whether the new one is a wrong current one', async () => {
    const owner = await signIn(client);
    const same = { currentPassword: otherPassword, newPassword: otherPassword };
    expect((await changePassword(client, owner, same)).json.code).toBe('invalid_credentials');
  });

  test('since it is too common is 400 before anything is read or hashed, and costs no attempt (PWD-09, PWD-10)', async () => {
    const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '1' });
    const owner = await signIn(limited);
    for (const newPassword of [
      'passwordpassword',
      '123456789012345',
      'qwertyuiopasdfgh',
      'NexoraAuth2026!',
    ]) {
      const answer = await changePassword(limited, owner, { newPassword });
      expect(answer, newPassword).toMatchObject({ status: 400, roundTrips: 0, hashes: 0 });
      expect(answer.json.code).toBe('password_too_common');
      expect(answer.json.errors).toMatchObject([{ pointer: '/newPassword', code: 'password_too_common' }]);
    }
    expect((await changePassword(limited, owner)).status).toBe(200);
  });

  test('since it is made of the address is 400 before anything is hashed (PWD-10)', async () => {
    const owner = await signIn(client);
    for (const newPassword of [owner.email, `${owner.email.split('@')[0]}2026`]) {
      const answer = await changePassword(client, owner, { newPassword });
      expect(answer).toMatchObject({ status: 400, roundTrips: 1, hashes: 0 });
      expect(answer.json.code).toBe('password_too_common');
      expect(answer.json.errors[0].pointer).toBe('/newPassword');
    }
    await expectUnchanged(owner);
  });

  test('since it is known from a breach is 400; where the service fails it is let through (PWD-09, PWD-11)', async () => {
    const { url, seen } = await breachService({ found: { [await restOfSha1(otherPassword)]: 3 } });
    const asking = new TestClient({ BREACHED_PASSWORD_CHECK: 'true', HIBP_URL: url });
    const owner = await signIn(client);
    const answer = await changePassword(asking, owner);
    expect(answer).toMatchObject({ status: 400, hashes: 0 });
    expect(answer.json.code).toBe('password_breached');
    expect(answer.json.errors).toMatchObject([{ pointer: '/newPassword' }]);
    expect((await seen())[0]?.path).toMatch(/^\/range\/[\dA-F]{5}$/);
    recordLog();
    const down = await breachService('hang');
    const cut = new TestClient({ BREACHED_PASSWORD_CHECK: 'true', HIBP_URL: down.url });
    const startedAt = Date.now();
    expect((await changePassword(cut, owner)).status).toBe(200);
    expect(Date.now() - startedAt).toBeLessThan(2000);
  });
});

// That an older authentication is not enough, test/contract/gates.test.ts tries.
describe('an account without a password', () => {
  test('gets its first one within ten minutes of its authentication, which stays the time of it (SES-15)', async () => {
    const owner = await signInWithoutPassword(client, 590);
    const answer = await changePassword(client, owner, { currentPassword: undefined });
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 1 });
    const { auth_time, amr } = claimsOf(answer.json.accessToken);
    expect(auth_time).toBeLessThan(Date.now() / 1000 - 580);
    expect(amr).toEqual(['fed']);
    // The tokens are new, whenever the authentication was.
    expect(answer.json.refreshExpiresIn).toBe(1_209_600);
    await expectDead(client, owner);
    await expectAlive(client, answer);
    expect((await logInWith(owner.email, otherPassword)).status).toBe(200);
  });

  test('gets tokens that live, also where a session dies unused within the ten minutes (SES-08)', async () => {
    const brief = new TestClient({ SESSION_IDLE_TTL_SECONDS: '60' });
    const owner = await signInWithoutPassword(brief, 300);
    const answer = await changePassword(brief, owner, { currentPassword: undefined });
    expect(answer, answer.text).toMatchObject({ status: 200, json: { refreshExpiresIn: 60 } });
    await expectAlive(brief, answer);
  });

  test('that names one all the same is refused as for a wrong one', async () => {
    const owner = await signInWithoutPassword(client, 5);
    const answer = await changePassword(client, owner);
    expect(answer).toMatchObject({ status: 403, roundTrips: 2, hashes: 1 });
    expect(answer.json.code).toBe('invalid_credentials');
    expect((await recordsOf(owner.userId)).at(-1)).toMatchObject({ reason: 'no_password' });
  });
});

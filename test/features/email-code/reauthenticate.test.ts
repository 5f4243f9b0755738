import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { randomSecret } from '../../support/test-env.ts';
import { expectAlive, expectDead } from '../password/signed-in-owner.ts';
import { claimsOf, signIn as signInWithPassword } from '../sessions/session-fixtures.ts';
import {
  ageSessions,
  codeFor,
  codesOf,
  databaseOf,
  dropPassword,
  endWindow,
  eventsOf,
  providerUser,
  reauthenticateBy,
  wrongCode,
} from './provider-account.ts';

const variables = { EMAIL_VERIFICATION: 'off' };
const client = new TestClient(variables);

const success = {
  ...{ type: 'authn_login_success', outcome: 'success', method: 'email_code', reason: 'reauthentication' },
};
const failure = { type: 'authn_login_fail', outcome: 'failure', method: 'email_code', reason: 'wrong_code' };

describe('POST /api/auth/reauthenticate with emailCode', () => {
  test('answers 200 Tokens of the same session under a new id, in two round trips (SES-03)', async () => {
    const user = await providerUser(client);
    await ageSessions(client, user);
    const code = await codeFor(client, user);
    const answer = await reauthenticateBy(client, user, code);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 0 });
    const claims = claimsOf(answer.json.accessToken);
    expect(claims).toMatchObject({
      sub: user.userId,
      amr: ['pwd', 'otp'],
      acr: claimsOf(user.accessToken).acr,
    });
    expect(claims.sid).not.toBe(user.sessionId);
    expect(Math.abs(Date.now() / 1000 - Number(claims.auth_time))).toBeLessThan(5);
    await expectDead(client, user);
    await expectAlive(client, answer);
    expect(await codesOf(client, user)).toMatchObject([{ isSpent: true }]);
    expect(await eventsOf(client, user)).toEqual([success]);
  });

  test('opens what is for the owner alone, which names it as the way (SES-15, OTP-18)', async () => {
    const user = await providerUser(client);
    await ageSessions(client, user);
    const exported = (bearer: string) => client.get('/api/auth/me/export', { bearer });
    const refused = await exported(user.accessToken);
    expectProblem(refused, 403, 'reauthentication_required');
    expect(refused.json.methods).toEqual(['email_code']);
    const { json } = await reauthenticateBy(client, user, await codeFor(client, user));
    expect((await exported(json.accessToken)).status).toBe(200);
  });

  test('takes the digits in groups, and nothing else than eight of them', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    for (const typed of ['1234567', '123456789', '1234567a', '١٢٣٤٥٦٧٨', '', 12345678, null, [code]])
      expectProblem(await reauthenticateBy(client, user, typed), 400, 'validation_failed');
    expect((await reauthenticateBy(client, user, ` ${code.slice(0, 4)} ${code.slice(4)} `)).status).toBe(200);
  });

  test('answers 401 invalid_code to a wrong code, and records it', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    const answer = await reauthenticateBy(client, user, wrongCode(code));
    expectProblem(answer, 401, 'invalid_code');
    expect(answer).toMatchObject({ roundTrips: 2, setCookies: [] });
    expect(await eventsOf(client, user)).toEqual([failure]);
    expect((await reauthenticateBy(client, user, code)).status).toBe(200);
  });

  test('takes a right code within a cookie session, and answers its cookies', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    const cookies = { '__Host-nexora_access': user.accessToken, '__Host-nexora_refresh': user.cookieToken };
    const answer = await client.post('/api/auth/reauthenticate', { emailCode: code }, { cookies });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.setCookies.join()).toContain('__Host-nexora_refresh=');
  });

  test('is good under the previous secret while that is being replaced, and not afterwards (SUP-04)', async () => {
    const [old, fresh] = [randomSecret(), randomSecret()];
    const [before, during, after] = [
      new TestClient({ ...variables, AUTH_SECRET: old }),
      new TestClient({ ...variables, AUTH_SECRET: fresh, AUTH_SECRET_PREVIOUS: old }),
      new TestClient({ ...variables, AUTH_SECRET: fresh }),
    ];
    const user = await providerUser(before);
    const code = await codeFor(before, user);
    expectProblem(await reauthenticateBy(after, user, code), 401, 'invalid_code');
    expect((await reauthenticateBy(during, user, code)).status).toBe(200);
  });

  test('finds the address of an account that has no address key yet', async () => {
    const user = await providerUser(client);
    await databaseOf(client).query(sql`UPDATE users SET address_key = NULL WHERE id = ${user.userId}::uuid`);
    expect((await reauthenticateBy(client, user, await codeFor(client, user))).status).toBe(200);
  });

  test('is no way for an account that has a password: such a code was never sent', async () => {
    const user = await signInWithPassword(client);
    expectProblem(await reauthenticateBy(client, user, '12345678'), 401, 'invalid_code');
    await dropPassword(client, user.userId);
    expect((await reauthenticateBy(client, user, await codeFor(client, user))).status).toBe(200);
  });
});

describe('the owner', () => {
  test('reads of a right code, a wrong one, and the first that was not checked (LOG-04)', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    for (let guess = 1; guess <= 7; guess++) await reauthenticateBy(client, user, wrongCode(code));
    await endWindow(client, user);
    const { json } = await reauthenticateBy(client, user, code);
    const lock = { type: 'authn_login_lock', outcome: 'failure', method: 'email_code', reason: null };
    expect(await eventsOf(client, user)).toEqual([...Array(5).fill(failure), lock, success]);
    const listed = await client.get('/api/auth/security-events', { bearer: json.accessToken });
    expect(listed.json.events.map(({ type }: { type: string }) => type).slice(0, 2)).toEqual([
      'authn_login_success',
      'authn_login_lock',
    ]);
  });
});

describe.each([1, 2])('a lost answer of the database at round trip %i (DBF-10)', (trip) => {
  async function faulty() {
    recordLog();
    const { endpoint } = await faultyEndpoint([...Array<'pass'>(trip - 1).fill('pass'), 'commit-then-drop']);
    return new TestClient({ ...variables, DATABASE_HTTP_ENDPOINT: endpoint });
  }

  test('renews the session once, and records it once', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    const answer = await reauthenticateBy(await faulty(), user, code);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });
    await expectAlive(client, answer);
    expect(await eventsOf(client, user)).toEqual([success]);
  });

  test('of a wrong code counts and records it once', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    expectProblem(await reauthenticateBy(await faulty(), user, wrongCode(code)), 401, 'invalid_code');
    expect(await eventsOf(client, user)).toEqual([failure]);
    const [row] = await databaseOf(client).query<{ count: number }>(
      sql`SELECT count FROM login_attempts WHERE bucket = ${`email-code:${user.userId}:world`}`,
    );
    expect(row!.count).toBe(1);
  });
});

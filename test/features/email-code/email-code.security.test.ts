import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { databaseRows, databaseState } from '../../contract/database-state.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { otherPassword } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { freshDatabase } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { adminSecret } from '../../support/test-env.ts';
import { codeAt } from '../../support/two-factor.ts';
import type { SignedIn } from '../sessions/session-fixtures.ts';
import {
  ageSessions,
  codeFor,
  codesOf,
  databaseOf,
  endWindow,
  eventsOf,
  providerUser,
  reauthenticateBy,
  requestCode,
  twoSessions,
  wrongCode,
} from './provider-account.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: TestClient;

beforeAll(async () => {
  database = await freshDatabase();
  client = new TestClient({
    ...{ DATABASE_URL: database.url, EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret },
  });
});
afterAll(() => database.drop());

/** The state without what wrong codes leave. */
const state = () => databaseState(database.url, ['login_attempts', 'security_events']);

describe('a code of a mail (OTP-16)', () => {
  test('works once', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    const { json } = await reauthenticateBy(client, user, code);
    const before = await state();
    expectProblem(await reauthenticateBy(client, json, code), 401, 'invalid_code');
    // With the token from before, whose session has another id by now.
    expectProblem(await reauthenticateBy(client, user, code), 401, 'unauthenticated');
    expect(await state()).toBe(before);
  });

  test('of one user is none for another, and stays theirs', async () => {
    const [user, other] = [await providerUser(client), await providerUser(client)];
    const [code, others] = [await codeFor(client, user), await codeFor(client, other)];
    if (code === others) return;
    expectProblem(await reauthenticateBy(client, other, code), 401, 'invalid_code');
    expect((await reauthenticateBy(client, user, code)).status).toBe(200);
  });

  test('of one session is none for another of the same user, and stays that of the one', async () => {
    const [first, second] = await twoSessions(client);
    const code = await codeFor(client, first);
    expectProblem(await reauthenticateBy(client, second, code), 401, 'invalid_code');
    expect((await reauthenticateBy(client, first, code)).status).toBe(200);
  });

  test('that was asked for in another session ends this one: the newest counts', async () => {
    const [first, second] = await twoSessions(client);
    const code = await codeFor(client, first);
    await codeFor(client, second);
    expectProblem(await reauthenticateBy(client, first, code), 401, 'invalid_code');
  });

  test('that has expired is none', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    await databaseOf(client).query(
      sql`UPDATE one_time_tokens SET expires_at = now() WHERE owner_id = ${user.userId}::uuid`,
    );
    expectProblem(await reauthenticateBy(client, user, code), 401, 'invalid_code');
  });

  test('refuses in the same bytes whatever is wrong with it', async () => {
    const [user, other] = [await providerUser(client), await providerUser(client)];
    const [code, others] = [await codeFor(client, user), await codeFor(client, other)];
    const wrong = await reauthenticateBy(client, user, wrongCode(code, others));
    const foreign = await reauthenticateBy(client, user, others);
    await databaseOf(client).query(
      sql`UPDATE one_time_tokens SET expires_at = now() WHERE owner_id = ${user.userId}::uuid`,
    );
    const expired = await reauthenticateBy(client, user, code);
    const bytes = [wrong, foreign, expired].map(({ text, json }) => text.replace(json.requestId, ''));
    expect(new Set(bytes).size).toBe(1);
  });

  test('is not in a copy of the database, nor guessed by it', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    const copy = await databaseRows(database.url);
    expect(copy.includes(code)).toBe(false);
    const [{ hash } = { hash: '' }] = await codesOf(client, user);
    expect(copy).toContain(hash);
    const guesses = [
      code,
      `${user.userId}${user.sessionId}${code}`,
      `${user.userId}:${user.sessionId}:${code}`,
    ];
    for (const guess of guesses) {
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(guess));
      expect(bytesToHex(new Uint8Array(digest))).not.toBe(hash);
    }
  });
});

describe('guessing codes (OTP-17)', () => {
  test('ends at the fifth wrong one of ten minutes, for a right one too, whatever is mailed meanwhile', async () => {
    const user = await providerUser(client);
    const codes = [await codeFor(client, user)];
    for (let guess = 1; guess <= 5; guess++)
      expectProblem(await reauthenticateBy(client, user, wrongCode(...codes)), 401, 'invalid_code');
    codes.push(await codeFor(client, user));
    for (const code of [codes[1]!, wrongCode(...codes)]) {
      const answer = await reauthenticateBy(client, user, code);
      expectProblem(answer, 429, 'too_many_attempts');
      expect(answer.roundTrips).toBe(1);
      expect(Number(answer.headers.get('Retry-After'))).toBeLessThanOrEqual(600);
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(590);
    }
    expect((await eventsOf(client, user)).map(({ type }) => type)).toEqual([
      ...Array(5).fill('authn_login_fail'),
      'authn_login_lock',
    ]);
    await endWindow(client, user);
    expect((await reauthenticateBy(client, user, codes[1])).status).toBe(200);
  });

  test('counts over all sessions of the account', async () => {
    const [first, second] = await twoSessions(client);
    const code = await codeFor(client, first);
    for (const user of [first, second, first, second, first])
      expectProblem(await reauthenticateBy(client, user, wrongCode(code)), 401, 'invalid_code');
    for (const user of [first, second])
      expectProblem(await reauthenticateBy(client, user, code), 429, 'too_many_attempts');
  });

  test('begins anew after a right one', async () => {
    const user = await providerUser(client);
    let code = await codeFor(client, user);
    for (let guess = 1; guess <= 4; guess++) await reauthenticateBy(client, user, wrongCode(code));
    const { json } = await reauthenticateBy(client, user, code);
    const renewed = { ...user, accessToken: json.accessToken };
    code = await codeFor(client, renewed);
    for (let guess = 1; guess <= 5; guess++)
      expectProblem(await reauthenticateBy(client, renewed, wrongCode(code)), 401, 'invalid_code');
    expectProblem(await reauthenticateBy(client, renewed, code), 429, 'too_many_attempts');
  });

  test('of one account leaves every other account alone', async () => {
    const [user, other] = [await providerUser(client), await providerUser(client)];
    const code = await codeFor(client, user);
    for (let guess = 1; guess <= 6; guess++) await reauthenticateBy(client, user, wrongCode(code));
    expect((await reauthenticateBy(client, other, await codeFor(client, other))).status).toBe(200);
  });

  test('is counted in one place: neither a login nor an unlock gives it back, nor does it lock a login', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    for (let guess = 1; guess <= 5; guess++) await reauthenticateBy(client, user, wrongCode(code));
    const unlock = await storeLink(
      client,
      'unlock',
      { id: user.userId, email: user.email },
      { bucket: `user:${user.userId}:world` },
    );
    expect((await client.post('/api/auth/unlock', { token: unlock })).status).toBe(200);
    const login = await client.post('/api/auth/login', { email: user.email, password: 'x' });
    expectProblem(login, 401, 'invalid_credentials');
    expectProblem(await reauthenticateBy(client, user, code), 429, 'too_many_attempts');
  });

  test('is forgotten with the account (PRV-08)', async () => {
    const user = await providerUser(client);
    await reauthenticateBy(client, user, '00000000');
    const deleted = await client.call('DELETE', '/api/auth/me', { bearer: user.accessToken });
    expect(deleted.status, deleted.text).toBe(200);
    expect(await databaseRows(database.url, ['security_events'])).not.toContain(user.userId);
  });
});

describe('a code is void (OTP-16)', () => {
  const ways: Readonly<Record<string, (user: SignedIn) => Promise<unknown>>> = {
    'once its session has signed out': ({ accessToken: bearer }) =>
      client.post('/api/auth/logout', undefined, { bearer }),
    'once its user has signed out everywhere': ({ accessToken: bearer }) =>
      client.call('DELETE', '/api/auth/sessions', { bearer }),
    'once an operator has signed its user out': ({ userId }) =>
      client.post(`/api/admin/users/${userId}/sign-out`, undefined, { bearer: adminSecret }),
  };

  test.each(Object.entries(ways))('%s', async (_when, end) => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    await end(user);
    expectProblem(await reauthenticateBy(client, user, code), 401, 'unauthenticated');
  });

  test('once other sessions were signed out: the sign-out ends every code', async () => {
    const [user] = await twoSessions(client);
    const code = await codeFor(client, user);
    await client.call('DELETE', '/api/auth/sessions?keep=current', { bearer: user.accessToken });
    expect(await codesOf(client, user)).toEqual([]);
    expectProblem(await reauthenticateBy(client, user, code), 401, 'invalid_code');
  });

  test('once the account has another address, even where the row was left', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    await databaseOf(client).query(
      sql`UPDATE users SET email = 'moved-' || email WHERE id = ${user.userId}::uuid`,
    );
    expectProblem(await reauthenticateBy(client, user, code), 401, 'invalid_code');
  });

  test('once the address is no longer verified, or the user is banned', async () => {
    const [unverified, banned] = [await providerUser(client), await providerUser(client)];
    const codes = [await codeFor(client, unverified), await codeFor(client, banned)];
    await databaseOf(client).batch([
      sql`UPDATE users SET email_verified_at = NULL WHERE id = ${unverified.userId}::uuid`,
      sql`UPDATE users SET banned_at = now() WHERE id = ${banned.userId}::uuid`,
    ]);
    expectProblem(await reauthenticateBy(client, unverified, codes[0]), 401, 'invalid_code');
    expectProblem(await reauthenticateBy(client, banned, codes[1]), 401, 'unauthenticated');
  });

  test('once the account has a password, or asks for a second factor, even where the row was left', async () => {
    const [withPassword, withFactor] = [await providerUser(client), await providerUser(client)];
    const codes = [await codeFor(client, withPassword), await codeFor(client, withFactor)];
    await databaseOf(client).batch([
      sql`UPDATE users SET password_hash = 'x' WHERE id = ${withPassword.userId}::uuid`,
      sql`UPDATE users SET two_factor_since = now() WHERE id = ${withFactor.userId}::uuid`,
    ]);
    expectProblem(await reauthenticateBy(client, withPassword, codes[0]), 401, 'invalid_code');
    expectProblem(await reauthenticateBy(client, withFactor, codes[1]), 401, 'invalid_code');
  });

  test('once a second factor was turned on, which then is the only way (SES-19)', async () => {
    const user = await providerUser(client);
    const { accessToken: bearer } = user;
    const setup = await client.post('/api/auth/two-factor/setup', undefined, { bearer });
    await codeFor(client, user);
    const enabled = await client.post(
      '/api/auth/two-factor/enable',
      { code: codeAt(setup.json.secret) },
      { bearer },
    );
    expect(enabled.status, enabled.text).toBe(200);
    expect(await codesOf(client, user)).toEqual([]);
    expectProblem(
      await requestCode(client, { accessToken: enabled.json.accessToken }),
      409,
      'email_code_unavailable',
    );
  });

  test('once a password was set by a reset link (RST-03)', async () => {
    const user = await providerUser(client);
    await codeFor(client, user);
    await client.post('/api/auth/password/forgot', { email: user.email });
    const token = await tokenFrom(client, user.email, 'reset_password');
    const reset = await client.post('/api/auth/password/reset', {
      ...{ token, password: otherPassword, confirmPassword: otherPassword },
    });
    expect(reset.status, reset.text).toBe(200);
    expect(await codesOf(client, user)).toEqual([]);
  });

  test('for somebody who may not call: no cookie of another site asks for one (CSR-01)', async () => {
    const user = await providerUser(client);
    await ageSessions(client, user);
    const answer = await client.post('/api/auth/reauthenticate/email', undefined, {
      cookies: { '__Host-nexora_access': user.accessToken },
      headers: { Origin: 'https://evil.example' },
    });
    expectProblem(answer, 403, 'csrf_rejected');
    expect(await codesOf(client, user)).toEqual([]);
  });
});

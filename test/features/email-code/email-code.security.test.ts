import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { databaseRows, databaseState } from '../../contract/database-state.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { TestClient } from '../../support/client.ts';
import { databaseUrl } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { adminSecret } from '../../support/test-env.ts';
import {
  codeFor,
  codesOf,
  databaseOf,
  endWindow,
  eventsOf,
  providerUser,
  reauthenticateBy,
  twoSessions,
  wrongCode,
} from './provider-account.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret });

/** The state without what wrong codes leave. */
const state = () => databaseState(databaseUrl(), ['login_attempts', 'security_events']);

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
    const copy = await databaseRows(databaseUrl());
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
    expect(await databaseRows(databaseUrl(), ['security_events'])).not.toContain(user.userId);
  });
});

describe('a code is void (OTP-16)', () => {
  // What ends it with everything else is tried by closing-table.test.ts; the cases here leave the row.
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
});

import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { databaseState } from '../../contract/database-state.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { freshClient, freshEmail } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { databaseUrl, faultyEndpoint } from '../../support/database.ts';
import { causeMails, waitingMailsTo } from '../../support/mailbox.ts';
import { markVerified, twoFactorUser } from '../../support/two-factor.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import {
  codeFor,
  codesOf,
  databaseOf,
  providerUser,
  reauthenticateBy,
  requestCode,
} from './provider-account.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off' });

describe('POST /api/auth/reauthenticate/email', () => {
  test('answers 202 and mails a code to the verified address, in two round trips', async () => {
    const user = await providerUser(client);
    const answer = await requestCode(client, user);
    expect(answer).toMatchObject({ status: 202, roundTrips: 2, hashes: 0, setCookies: [] });
    expect(answer.json).toEqual({ success: true, message: expect.stringContaining('code') });
    const [mail, ...others] = await waitingMailsTo(client, user.email);
    expect(others).toEqual([]);
    expect(mail).toMatchObject({ kind: 'reauthentication_code', user_id: user.userId });
    expect(mail!.token).toMatch(/^\d{8}$/);
    expect(answer.text).not.toContain(mail!.token!);
    expect(await codesOf(client, user)).toEqual([
      { hash: expect.stringMatching(/^[\da-f]{64}$/), email: user.email, isSpent: false, ttl: 600 },
    ]);
  });

  test('takes an empty object for a body, and nothing else', async () => {
    const user = await providerUser(client);
    expect((await requestCode(client, user, { body: {} })).status).toBe(202);
    expectProblem(
      await requestCode(client, user, { body: { email: freshEmail() } }),
      400,
      'validation_failed',
    );
  });

  test('gives up a mail that does not go out while its code lives', async () => {
    const user = await providerUser(client);
    await codeFor(client, user);
    const [row] = await databaseOf(client).query<{ ttl: number }>(sql`
      SELECT extract(epoch FROM expires_at - created_at)::int AS ttl FROM mail_outbox WHERE recipient = ${user.email}`);
    expect(row!.ttl).toBe(600);
  });

  test('makes the newest code the only one that counts (OTP-16)', async () => {
    const user = await providerUser(client);
    const codes = [await codeFor(client, user), await codeFor(client, user)];
    expect(await codesOf(client, user)).toHaveLength(1);
    expectProblem(await reauthenticateBy(client, user, codes[0]), 401, 'invalid_code');
    expect((await reauthenticateBy(client, user, codes[1])).status).toBe(200);
  });

  test('is exported as what was sent and still counts, without the code or its hash (PRV-06)', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    const [{ hash } = { hash: '' }] = await codesOf(client, user);
    const { text, json } = await client.get('/api/auth/me/export', { bearer: user.accessToken });
    expect(json.links).toEqual([
      {
        ...{ kind: 'email_code', email: user.email, targetEmail: null },
        ...{ createdAt: expect.any(String), expiresAt: expect.any(String) },
      },
    ]);
    expect(json.mails).toMatchObject([{ kind: 'reauthentication_code', recipient: user.email }]);
    expect(text.includes(code) || text.includes(hash)).toBe(false);
  });

  test('tells an account with a password, a second factor or an unverified address what to do instead (OTP-18)', async () => {
    const withPassword = await signIn(client);
    await markVerified(client, withPassword.userId);
    const unverified = await providerUser(client);
    await databaseOf(client).query(
      sql`UPDATE users SET email_verified_at = NULL WHERE id = ${unverified.userId}::uuid`,
    );
    const withFactor = await twoFactorUser(client);
    await databaseOf(client).query(
      sql`UPDATE users SET password_hash = NULL WHERE id = ${withFactor.userId}::uuid`,
    );
    const before = await databaseState(databaseUrl());
    for (const [user, detail] of [
      [withPassword, 'Authenticate again by the password.'],
      [unverified, 'Verify the e-mail address first.'],
      [withFactor, 'Authenticate again by a code of the second factor.'],
    ] as const) {
      const answer = await requestCode(client, user);
      expectProblem(answer, 409, 'email_code_unavailable');
      expect(answer.json.detail).toBe(detail);
      expect(answer.roundTrips).toBe(1);
    }
    expect(await databaseState(databaseUrl())).toBe(before);
  });
});

describe('the budgets of codes (EML-10)', () => {
  test('are five an hour for an account, of however many clients; then 429 until the first is an hour old, and nothing is written', async () => {
    const user = await providerUser(client);
    for (let code = 1; code <= 5; code++) await codeFor(client, user);
    await databaseOf(client).query(
      sql`UPDATE mail_outbox SET created_at = created_at - interval '10 minutes' WHERE recipient = ${user.email}`,
    );
    const before = await databaseState(databaseUrl());
    const answer = await requestCode(client, user);
    expectProblem(answer, 429, 'too_many_attempts');
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(2900);
    expect(Number(answer.headers.get('Retry-After'))).toBeLessThanOrEqual(3000);
    expect(answer.roundTrips).toBe(1);
    expect(await databaseState(databaseUrl())).toBe(before);

    await databaseOf(client).query(
      sql`UPDATE mail_outbox SET created_at = created_at - interval '51 minutes' WHERE recipient = ${user.email}`,
    );
    expect((await requestCode(client, user)).status).toBe(202);
  });

  test('are not used up by other kinds of mail, nor by other accounts', async () => {
    const [user, other] = [await providerUser(client), await providerUser(client)];
    for (let code = 1; code <= 5; code++) await codeFor(client, other);
    await databaseOf(client).query(
      sql`UPDATE mail_outbox SET kind = 'reset_password', recipient_key = (
        SELECT address_key FROM users WHERE id = ${user.userId}::uuid) WHERE recipient = ${other.email}`,
    );
    expect((await requestCode(client, user)).status).toBe(202);
  });

  test('are thirty mails an hour of a client, which count with those that have a link (EML-15)', async () => {
    const headers = freshClient();
    await causeMails(client, headers, 30);
    const user = await providerUser(client);
    const before = await databaseState(databaseUrl());
    const answer = await requestCode(client, user, { headers });
    expectProblem(answer, 429, 'rate_limited');
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(3500);
    expect(answer.roundTrips).toBe(1);
    expect(await databaseState(databaseUrl())).toBe(before);
    expect((await requestCode(client, user)).status).toBe(202);
  });

  test('of a client count a code: the thirty-first mail is the one that is not sent', async () => {
    const headers = freshClient();
    await causeMails(client, headers, 28);
    for (let account = 1; account <= 2; account++)
      expect((await requestCode(client, await providerUser(client), { headers })).status).toBe(202);
    expectProblem(await requestCode(client, await providerUser(client), { headers }), 429, 'rate_limited');
  });
});

describe('a lost answer of the database (DBF-10)', () => {
  test.each([1, 2])('at round trip %i leaves one mail with the one code that counts', async (trip) => {
    recordLog();
    const user = await providerUser(client);
    const { endpoint } = await faultyEndpoint([...Array<'pass'>(trip - 1).fill('pass'), 'commit-then-drop']);
    const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    const answer = await requestCode(faulty, user);
    expect(answer, answer.text).toMatchObject({ status: 202, roundTrips: 3 });
    const mails = await waitingMailsTo(client, user.email);
    expect(mails.map(({ kind }) => kind)).toEqual(['reauthentication_code']);
    expect((await reauthenticateBy(client, user, mails[0]!.token)).status).toBe(200);
  });

  test('at the fifth code of an hour is no refusal', async () => {
    recordLog();
    const user = await providerUser(client);
    for (let code = 1; code <= 4; code++) await codeFor(client, user);
    const { endpoint } = await faultyEndpoint(['pass', 'commit-then-drop']);
    const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    expect((await requestCode(faulty, user)).status).toBe(202);
  });
});

import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { otherPassword, password } from '../../support/accounts.ts';
import { type Answer, authCookies, TestClient } from '../../support/client.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  signInWithCode,
  type TwoFactorUser,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { changePassword, expectAlive, expectDead, signInAgain } from '../password/signed-in-owner.ts';
import { claimsOf, sessionRow, signedInBy } from '../sessions/session-fixtures.ts';
import {
  change,
  countEvents,
  databaseOf,
  disable,
  enable,
  eventsOf,
  expectNotAsked,
  expectRefused,
  kindsTo,
  reauthenticateBy,
  startSetup,
  trustDevice,
  verifiedUser,
} from './calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });

const exported = (bearer: string) => client.get('/api/auth/me/export', { bearer });

function expectStepUp(answer: Answer, methods: readonly string[] = ['totp', 'backup_code']): void {
  expectRefused(answer, 403, 'reauthentication_required');
  expect(answer.json.methods).toEqual(methods);
  expect(answer).toMatchObject({ hashes: 0, setCookies: [] });
}

/** A session on a trusted device: by the password alone. */
async function onTrustedDevice(user: TwoFactorUser): Promise<string> {
  const { token } = await trustDevice(client, user);
  return (await expectNotAsked(client, user, { trustedDeviceToken: token })).json.accessToken;
}

/** A session of before two-factor was turned on, beside the one that turned it on. */
async function fromBefore() {
  const owner = await verifiedUser(client);
  const earlier = await signInAgain(client, owner.email);
  const { secret } = (await startSetup(client, owner.accessToken)).json;
  const { json } = await enable(client, owner.accessToken, codeAt(secret));
  return { ...owner, ...json, secret, earlier: earlier.accessToken } as TwoFactorUser & { earlier: string };
}

// Every such route with every such session is tried by gates.test.ts.
describe('a sensitive route of an account with a second factor (SES-19)', () => {
  test('is refused to a session by a trusted device, until it passes the second factor', async () => {
    const user = await twoFactorUser(client);
    const bearer = await onTrustedDevice(user);
    expectStepUp(await exported(bearer));
    const renewed = await reauthenticateBy(client, bearer, { code: await freshCode(client, user) });
    expect((await exported(renewed.json.accessToken)).status).toBe(200);
  });

  test('is refused to a session from before it was turned on, after the password alone as well, and not after a backup code', async () => {
    const user = await fromBefore();
    expectStepUp(await exported(user.earlier));
    expect((await exported(user.accessToken)).status).toBe(200);
    const byPassword = await reauthenticateBy(client, user.earlier, { password });
    expectStepUp(await exported(byPassword.json.accessToken));
    const proof = { backupCode: user.backupCodes[0] };
    const renewed = await reauthenticateBy(client, byPassword.json.accessToken, proof);
    expect((await exported(renewed.json.accessToken)).status).toBe(200);
  });

  test('is refused to a session that passed another authenticator, before it was turned off and on again', async () => {
    const user = await twoFactorUser(client);
    const { json: other } = await signInWithCode(client, user);
    const code = await freshCode(client, user);
    expect((await disable(client, user.accessToken, { code })).status).toBe(200);
    const { secret } = (await startSetup(client, user.accessToken)).json;
    const again = await enable(client, user.accessToken, codeAt(secret));
    expect(again.status, again.text).toBe(200);
    expectStepUp(await exported(other.accessToken));
    const proof = { code: await freshCode(client, { ...user, secret }) };
    const renewed = await reauthenticateBy(client, other.accessToken, proof);
    expect((await exported(renewed.json.accessToken)).status).toBe(200);
  });
});

describe('the refusal of a sensitive route', () => {
  test('names the password where there is no second factor, and again once it is off', async () => {
    const user = await fromBefore();
    await disable(client, user.accessToken, { code: await freshCode(client, user) });
    await change(
      client,
      sql`UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = ${user.userId}::uuid`,
    );
    expectStepUp(await exported(user.earlier), ['password']);
    expectStepUp(await exported(user.accessToken), ['password']);
  });

  test('costs one round trip and spends no attempt: a wrong password is not even looked at', async () => {
    const user = await fromBefore();
    for (let index = 0; index < 11; index++) {
      const body = { password: 'wrong' };
      const answer = await client.call('DELETE', '/api/auth/me', { bearer: user.earlier, body });
      expectStepUp(answer);
      expect(answer.roundTrips).toBe(1);
    }
    expect((await reauthenticateBy(client, user.earlier, { password })).status).toBe(200);
  });
});

describe('POST /api/auth/reauthenticate by the second factor', () => {
  test('answers Tokens in every open transport under a new id, in two round trips (SES-03)', async () => {
    const user = await twoFactorUser(client);
    const owner = { ...signedInBy(await signInWithCode(client, user)), email: user.email };
    const answer = await reauthenticateBy(client, owner.accessToken, { code: await freshCode(client, user) });
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 0 });
    expect(answer.json).toStrictEqual({
      success: true,
      accessToken: expect.any(String),
      refreshToken: expect.stringMatching(/^nxr_/),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshExpiresIn: 1_209_600,
    });
    expect(authCookies(answer)['__Host-nexora_refresh']).toMatch(/^nxr_/);
    const claims = claimsOf(answer.json.accessToken);
    expect(claims.sid).not.toBe(owner.sessionId);
    expect(claims).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
    await expectDead(client, owner);
    await expectAlive(client, answer);
    const event = 'authn_login_success reauthentication totp';
    expect((await eventsOf(client, user)).filter((text) => text === event)).toHaveLength(1);
  });

  test.each(['cookie', 'body'])('answers in no other transport than the open one: %s', async (transport) => {
    const user = await twoFactorUser(client);
    const owner = await expectNotAskedOnTrusted(user, transport);
    const answer = await reauthenticateBy(client, owner, { code: await freshCode(client, user) });
    expect(answer.status, answer.text).toBe(200);
    expect('refreshToken' in answer.json).toBe(transport === 'body');
    expect(answer.setCookies).toHaveLength(transport === 'body' ? 0 : 2);
  });

  async function expectNotAskedOnTrusted(user: TwoFactorUser, transport: string): Promise<string> {
    const { token } = await trustDevice(client, user);
    return (await expectNotAsked(client, user, { trustedDeviceToken: token, transport })).json.accessToken;
  }

  test('raises a session by a trusted device to the level of the second factor', async () => {
    const user = await twoFactorUser(client);
    const bearer = await onTrustedDevice(user);
    expect(claimsOf(bearer)).toMatchObject({ amr: ['pwd'] });
    expect(claimsOf(bearer).acr).not.toBe('aal2');
    const { json } = await reauthenticateBy(client, bearer, { code: await freshCode(client, user) });
    expect(claimsOf(json.accessToken)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
    const row = await sessionRow(claimsOf(json.accessToken).sid as string);
    expect(row?.second_factor_at).toBe(row?.authenticated_at);
  });

  test('refuses a wrong code, and a used one, with 401, and the session goes on', async () => {
    const user = await twoFactorUser(client);
    const code = await freshCode(client, user);
    const bearer = (await reauthenticateBy(client, user.accessToken, { code })).json.accessToken;
    for (const proof of [
      { code },
      { code: wrongCode(user.secret) },
      { backupCode: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' },
    ]) {
      const answer = await reauthenticateBy(client, bearer, proof);
      expectRefused(answer, 401, 'invalid_code');
      expect(answer.setCookies).toEqual([]);
    }
    const wrong = await reauthenticateBy(client, bearer, { code: wrongCode(user.secret) });
    expect(wrong.roundTrips).toBe(2);
    expect((await client.get('/api/auth/me', { bearer })).status).toBe(200);
    expect(await countEvents(client, user, 'authn_login_fail')).toBe(4);
  });

  test('tells the owner of a backup code that was used, and nobody of a code', async () => {
    const user = await twoFactorUser(client);
    const before = await kindsTo(client, user.email);
    const { json } = await reauthenticateBy(client, user.accessToken, {
      code: await freshCode(client, user),
    });
    expect(await kindsTo(client, user.email)).toEqual(before);
    await reauthenticateBy(client, json.accessToken, { backupCode: user.backupCodes[0] });
    expect(await kindsTo(client, user.email)).toEqual([...before, 'backup_code_used']);
  });

  test('takes exactly one proof, and refuses any other form without a round trip (OTP-10)', async () => {
    const { accessToken } = await twoFactorUser(client);
    const backupCode = 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA';
    for (const proof of [
      {},
      { password, code: '123456' },
      { code: '123456', backupCode },
      { password, code: '123456', backupCode },
      { emailCode: '123456' },
      { code: '1234567' },
    ]) {
      const answer = await reauthenticateBy(client, accessToken, proof);
      expectRefused(answer, 400, 'validation_failed');
      expect(answer.roundTrips).toBe(0);
    }
  });

  test('is refused as a wrong code on an account without a second factor, and counts nothing there', async () => {
    const owner = await verifiedUser(client);
    for (let index = 0; index < 6; index++)
      for (const proof of [{ code: '123456' }, { backupCode: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' }])
        expectRefused(await reauthenticateBy(client, owner.accessToken, proof), 401, 'invalid_code');
    // Nor does a setup that is not finished make one (OTP-06).
    const { secret } = (await startSetup(client, owner.accessToken)).json;
    expectRefused(
      await reauthenticateBy(client, owner.accessToken, { code: codeAt(secret) }),
      401,
      'invalid_code',
    );
    const counted = await databaseOf(client).query(sql`
      SELECT bucket FROM login_attempts WHERE bucket LIKE ${`second-factor:${owner.userId}:%`}
      UNION ALL SELECT device_id::text FROM second_factor_devices WHERE user_id = ${owner.userId}::uuid`);
    expect(counted).toEqual([]);
    expect((await enable(client, owner.accessToken, codeAt(secret))).status).toBe(200);
  });

  test("by somebody else's code raises nobody", async () => {
    const [user, other] = [await twoFactorUser(client), await twoFactorUser(client)];
    const code = await freshCode(client, other);
    expectRefused(await reauthenticateBy(client, user.accessToken, { code }), 401, 'invalid_code');
    expect((await reauthenticateBy(client, other.accessToken, { code })).status).toBe(200);
  });
});

test('a password change leaves the session at the level that it had', async () => {
  const user = await twoFactorUser(client);
  const answer = await changePassword(client, user);
  expect(answer.status, answer.text).toBe(200);
  expect((await exported(answer.json.accessToken)).status).toBe(200);
});

describe('the time of authentication in a token', () => {
  test('stays that of the second factor when the password alone was entered again (SES-19)', async () => {
    const user = await twoFactorUser(client);
    await change(
      client,
      sql`UPDATE sessions SET second_factor_at = now() - interval '2 hours', authenticated_at = now() - interval '2 hours'
        WHERE user_id = ${user.userId}::uuid`,
    );
    const longAgo = Date.now() / 1000 - 7000;
    const { json } = await reauthenticateBy(client, user.accessToken, {
      password,
    });
    const refreshed = await client.post('/api/auth/refresh', { refreshToken: json.refreshToken });
    for (const token of [json.accessToken, refreshed.json.accessToken]) {
      const { acr, auth_time } = decodeJwt<{ acr: string; auth_time: number }>(token);
      expect(acr).toBe('aal2');
      expect(auth_time).toBeLessThan(longAgo);
    }
  });
});

describe('right codes that come for a session which has just got another id', () => {
  test('are no misses, and are not used (OTP-14)', async () => {
    const user = await twoFactorUser(client);
    const answers = await Promise.all(
      user.backupCodes
        .slice(0, 6)
        .map((backupCode) => reauthenticateBy(client, user.accessToken, { backupCode })),
    );
    const codes = answers.map(({ status, json }) => (status === 200 ? 'done' : json.code)).toSorted();
    expect(codes).toEqual(['done', ...Array<string>(5).fill('unauthenticated')]);
    const [row] = await databaseOf(client).query<{ used: number; misses: number }>(sql`
      SELECT (SELECT count(*)::int FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NOT NULL) AS used,
        (SELECT coalesce(sum(d.misses), 0)::int FROM second_factor_devices d WHERE d.user_id = u.id) AS misses
      FROM users u WHERE u.id = ${user.userId}::uuid`);
    expect(row).toEqual({ used: 1, misses: 0 });
  });
});

/** As if two-factor had been turned on long ago. */
async function userForLong(): Promise<TwoFactorUser> {
  const user = await twoFactorUser(client);
  await change(
    client,
    sql`UPDATE factors SET added_at = now() - interval '300 days', held_since = now() - interval '300 days'
      WHERE user_id = ${user.userId}::uuid`,
  );
  return user;
}

/** Puts another authenticator in the place of the one before, as with a new phone. */
async function replaceAuthenticator(bearer: string): Promise<void> {
  const { secret } = (await startSetup(client, bearer)).json;
  expect((await enable(client, bearer, codeAt(secret))).status).toBe(200);
}

/** What "this was not me" and the new password after it leave of a sign-in. */
async function disown(email: string) {
  const token = await tokenFrom(client, email, 'new_device');
  expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
  const reset = await tokenFrom(client, email, 'reset_password');
  const body = { token: reset, password: otherPassword, confirmPassword: otherPassword };
  expect((await client.post('/api/auth/password/reset', body)).status).toBe(200);
  return client.post('/api/auth/login', { email, password: otherPassword });
}

describe('an authenticator that replaced another one', () => {
  test('is not ended by "not me" about a sign-in from before: whoever reads the mailbox is asked for a code (SES-21)', async () => {
    const user = await userForLong();
    const { json } = await completeChallenge(client, await challenge(client, user), {
      backupCode: user.backupCodes[0],
    });
    await replaceAuthenticator(json.accessToken);
    expect((await disown(user.email)).json.twoFactorRequired).toBe(true);
  });

  test('is ended where what it replaced was turned on after that sign-in (SES-21)', async () => {
    const user = await twoFactorUser(client);
    const { json } = await signInWithCode(client, user);
    // The notice is older than all authenticators.
    await change(
      client,
      sql`UPDATE one_time_tokens SET created_at = now() - interval '1 hour' WHERE owner_id = ${user.userId}::uuid`,
    );
    await replaceAuthenticator(json.accessToken);
    expect((await disown(user.email)).json.accessToken).toBeDefined();
  });
});

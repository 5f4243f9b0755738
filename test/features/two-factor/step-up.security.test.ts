import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, logIn, otherPassword, password } from '../../support/accounts.ts';
import { type Answer, authCookies, TestClient } from '../../support/client.ts';
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
import { expectAlive, expectDead, signInAgain } from '../password/signed-in-owner.ts';
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
  path,
  reauthenticateBy,
  renewCodes,
  startSetup,
  trustDevice,
  verifiedUser,
} from './calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });

/** What the owner alone may do, with the answer where it is allowed: one of each feature that has such a route. */
const sensitive: Readonly<Record<string, [call: (bearer: string) => Promise<Answer>, status: number]>> = {
  'POST /api/auth/email/change': [
    (bearer) => client.post('/api/auth/email/change', { newEmail: freshEmail() }, { bearer }),
    202,
  ],
  'GET /api/auth/me/export': [(bearer) => client.get('/api/auth/me/export', { bearer }), 200],
  'POST /api/auth/password/change': [
    (bearer) => {
      const body = { currentPassword: password, newPassword: otherPassword, confirmPassword: otherPassword };
      return client.post('/api/auth/password/change', body, { bearer });
    },
    200,
  ],
  'DELETE /api/auth/me': [
    (bearer) => client.call('DELETE', '/api/auth/me', { bearer, body: { password } }),
    200,
  ],
  'POST /api/auth/two-factor/setup': [(bearer) => startSetup(client, bearer), 200],
  'POST /api/auth/two-factor/backup-codes': [(bearer) => renewCodes(client, bearer), 200],
};

const bySensitiveRoute = Object.entries(sensitive).map(
  ([route, [call, status]]) => [route, call, status] as const,
);

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

describe.each(bySensitiveRoute)('%s of an account with a second factor (SES-19)', (_route, call, status) => {
  test('is refused to a session by a trusted device, until it passes the second factor', async () => {
    const user = await twoFactorUser(client);
    const bearer = await onTrustedDevice(user);
    expectStepUp(await call(bearer));
    const renewed = await reauthenticateBy(client, bearer, { code: await freshCode(client, user) });
    expect(renewed.status, renewed.text).toBe(200);
    const answer = await call(renewed.json.accessToken);
    expect(answer.status, answer.text).toBe(status);
  });

  test('is refused to a session from before it was turned on, and not to the one that turned it on', async () => {
    const user = await fromBefore();
    expectStepUp(await call(user.earlier));
    const answer = await call(user.accessToken);
    expect(answer.status, answer.text).toBe(status);
  });

  test('is refused after the password alone was given again', async () => {
    const user = await fromBefore();
    const renewed = await reauthenticateBy(client, user.earlier, { password });
    expect(renewed.status, renewed.text).toBe(200);
    expectStepUp(await call(renewed.json.accessToken));
  });

  test('is allowed after a backup code', async () => {
    const user = await fromBefore();
    const proof = { backupCode: user.backupCodes[0] };
    const renewed = await reauthenticateBy(client, user.earlier, proof);
    const answer = await call(renewed.json.accessToken);
    expect(answer.status, answer.text).toBe(status);
  });

  test('is allowed to a session by the second step, for ten minutes', async () => {
    const user = await twoFactorUser(client);
    const { json } = await signInWithCode(client, user);
    const { sid } = claimsOf(json.accessToken);
    const passedAgo = (seconds: number) =>
      change(
        client,
        sql`UPDATE sessions SET second_factor_at = now() - make_interval(secs => ${seconds}::int)
          WHERE id = ${sid as string}::uuid`,
      );
    // The factor is there for longer than that.
    await change(
      client,
      sql`UPDATE users SET two_factor_since = now() - interval '1 day' WHERE id = ${user.userId}::uuid`,
    );
    await passedAgo(601);
    expectStepUp(await call(json.accessToken));
    await passedAgo(590);
    const answer = await call(json.accessToken);
    expect(answer.status, answer.text).toBe(status);
  });

  test('is refused to a session that passed another authenticator, before it was turned off and on again', async () => {
    const user = await twoFactorUser(client);
    const { json: other } = await signInWithCode(client, user);
    expect((await disable(client, user.accessToken, { code: await freshCode(client, user) })).status).toBe(
      200,
    );
    const { secret } = (await startSetup(client, user.accessToken)).json;
    const again = await enable(client, user.accessToken, codeAt(secret));
    expect(again.status, again.text).toBe(200);
    expectStepUp(await call(other.accessToken));
    const code = await freshCode(client, { ...user, secret });
    const renewed = await reauthenticateBy(client, other.accessToken, { code });
    expect((await call(renewed.json.accessToken)).status).toBe(status);
  });
});

describe('the refusal of a sensitive route', () => {
  const exported = (bearer: string) => client.get('/api/auth/me/export', { bearer });

  test('names the methods that the account has left', async () => {
    const user = await fromBefore();
    expectStepUp(await exported(user.earlier), ['totp', 'backup_code']);
    await change(
      client,
      sql`UPDATE backup_codes SET used_at = now(), used_by = gen_random_uuid() WHERE user_id = ${user.userId}::uuid`,
    );
    expectStepUp(await exported(user.earlier), ['totp']);
  });

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
    for (let index = 0; index < 12; index++) {
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

  test.each([
    ['none', {}],
    ['two', { password, code: '123456' }],
    ['both of the second factor', { code: '123456', backupCode: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' }],
    ['all', { password, code: '123456', backupCode: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' }],
    ['an unknown one', { emailCode: '123456' }],
    ['a code that is a number', { code: 123456 }],
    ['a code of seven digits', { code: '1234567' }],
  ])('takes exactly one proof, and refuses %s without a round trip (OTP-10)', async (_what, proof) => {
    const user = await twoFactorUser(client);
    const answer = await reauthenticateBy(client, user.accessToken, proof);
    expectRefused(answer, 400, 'validation_failed');
    expect(answer.roundTrips).toBe(0);
  });

  test('is refused as a wrong code on an account without a second factor, and counts nothing there', async () => {
    const owner = await verifiedUser(client);
    for (let index = 0; index < 12; index++)
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

  test('is for a live session alone', async () => {
    const user = await twoFactorUser(client);
    await client.post('/api/auth/logout', undefined, { bearer: user.accessToken });
    const answer = await reauthenticateBy(client, user.accessToken, { code: await freshCode(client, user) });
    expectRefused(answer, 401, 'unauthenticated');
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
  const [, changed] = sensitive['POST /api/auth/password/change']!;
  const answer = await sensitive['POST /api/auth/password/change']![0](user.accessToken);
  expect(answer.status).toBe(changed);
  const bearer = answer.json.accessToken;
  expect((await client.get('/api/auth/me/export', { bearer })).status).toBe(200);
  expect((await client.get(path, { bearer })).json.factors).toHaveLength(1);
  const first = await challenge(client, user, { password: otherPassword });
  expect((await completeChallenge(client, first, { code: await freshCode(client, user) })).status).toBe(200);
});

test('an account without a second factor is recent by its password, as ever', async () => {
  const { email } = await verifiedUser(client);
  const { json } = await logIn(client, email);
  for (const [call, status] of [
    sensitive['GET /api/auth/me/export']!,
    sensitive['POST /api/auth/email/change']!,
  ])
    expect((await call(json.accessToken)).status).toBe(status);
});

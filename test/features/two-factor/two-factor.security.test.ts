import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { oneTimeTokenKinds } from '../../../src/features/one-time-tokens/one-time-token.ts';
import { freshEmail, otherPassword, password } from '../../support/accounts.ts';
import { type Answer, cookieValue, TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { adminSecret } from '../../support/test-env.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { accessCookie, refreshCookie } from '../sessions/session-fixtures.ts';
import {
  challengeCookie,
  change,
  databaseOf,
  disable,
  dumpRows,
  enable,
  endCheckWindows,
  eventsOf,
  expectAsked,
  expectLocked,
  expectNotAsked,
  expectRefused,
  listFactors,
  listTrusted,
  logInAs,
  passResetDelay,
  path,
  reauthenticateBy,
  renewCodes,
  requestReset,
  secondStepPath,
  sessionByCode,
  startSetup,
  trustDevice,
  verifiedUser,
} from './calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const variables = { EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret };
const client = new TestClient(variables);

describe('a code', () => {
  test('works once: not in the same window at another challenge, and not within a session (OTP-01)', async () => {
    const user = await twoFactorUser(client);
    const [first, second] = [await challenge(client, user), await challenge(client, user)];
    const code = await freshCode(client, user);
    const answer = await completeChallenge(client, first, { code });
    expect(answer.status, answer.text).toBe(200);
    const bearer = answer.json.accessToken;
    for (const replay of [
      await completeChallenge(client, second, { code }),
      await completeChallenge(client, await challenge(client, user), { code }),
      await reauthenticateBy(client, bearer, { code }),
      await disable(client, bearer, { code }),
    ])
      expectRefused(replay, 401, 'invalid_code');
    expect((await eventsOf(client, user)).at(-1)).toBe('authn_login_fail used_code totp');
  });

  test('that a session took is none for a sign-in (OTP-01)', async () => {
    const user = await twoFactorUser(client);
    const code = await freshCode(client, user);
    expect((await reauthenticateBy(client, user.accessToken, { code })).status).toBe(200);
    const replay = await completeChallenge(client, await challenge(client, user), { code });
    expectRefused(replay, 401, 'invalid_code');
  });

  test('of the time of enabling is none for a session either (OTP-01)', async () => {
    const owner = await verifiedUser(client);
    const { secret } = (await startSetup(client, owner.accessToken)).json;
    const code = codeAt(secret);
    const { json } = await enable(client, owner.accessToken, code);
    expectRefused(await reauthenticateBy(client, json.accessToken, { code }), 401, 'invalid_code');
  });
});

describe('a backup code', () => {
  test('works once over all that take one (OTP-11)', async () => {
    const user = await twoFactorUser(client);
    const [one, two] = user.backupCodes.map((backupCode) => ({ backupCode }));
    const renewed = await reauthenticateBy(client, user.accessToken, one!);
    expect(renewed.status, renewed.text).toBe(200);
    const bearer = renewed.json.accessToken;
    expectRefused(await completeChallenge(client, await challenge(client, user), one!), 401, 'invalid_code');
    expectRefused(await reauthenticateBy(client, bearer, one!), 401, 'invalid_code');
    expectRefused(await disable(client, bearer, one!), 401, 'invalid_code');
    expect((await completeChallenge(client, await challenge(client, user), two!)).status).toBe(200);
    expectRefused(await disable(client, bearer, two!), 401, 'invalid_code');
  });

  test('is dead once there is a new set, of which each works (OTP-11)', async () => {
    const user = await twoFactorUser(client);
    const answer = await renewCodes(client, user.accessToken);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    expect(Object.keys(answer.json)).toEqual(['success', 'backupCodes']);
    const { backupCodes } = answer.json;
    expect(new Set([...backupCodes, ...user.backupCodes]).size).toBe(20);
    const first = await challenge(client, user);
    const old = await completeChallenge(client, first, { backupCode: user.backupCodes[0] });
    expectRefused(old, 401, 'invalid_code');
    expect((await completeChallenge(client, first, { backupCode: backupCodes[9] })).status).toBe(200);
    expect((await listFactors(client, user.accessToken)).json.backupCodesLeft).toBe(9);
    expect((await eventsOf(client, user)).includes('user_updated backup_codes_renewed')).toBe(true);
  });

  test('counts with the codes of the app: ten wrong ones of both leave no check (OTP-11)', async () => {
    const user = await twoFactorUser(client);
    const wrong = { backupCode: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' };
    for (let index = 0; index < 10; index++) {
      const first = await challenge(client, user);
      const proof = index % 2 === 0 ? wrong : { code: wrongCode(user.secret) };
      expectRefused(await completeChallenge(client, first, proof), 401, 'invalid_code');
    }
    const right = { backupCode: user.backupCodes[0] };
    expectLocked(await completeChallenge(client, await challenge(client, user), right));
    // It was not used up by that.
    await endCheckWindows(client, user);
    expect((await completeChallenge(client, await challenge(client, user), right)).status).toBe(200);
  });

  test('of somebody else opens nothing', async () => {
    const [user, other] = [await twoFactorUser(client), await twoFactorUser(client)];
    const proof = { backupCode: other.backupCodes[0] };
    expectRefused(await reauthenticateBy(client, user.accessToken, proof), 401, 'invalid_code');
    expect((await reauthenticateBy(client, other.accessToken, proof)).status).toBe(200);
  });

  test('has no successor on an account without a second factor, nor once it was turned off', async () => {
    const user = await twoFactorUser(client);
    await disable(client, user.accessToken, { code: await freshCode(client, user) });
    for (const { accessToken } of [user, await verifiedUser(client)]) {
      expectRefused(await renewCodes(client, accessToken), 409, 'two_factor_not_enabled');
      expect((await listFactors(client, accessToken)).json.backupCodesLeft).toBe(0);
    }
  });
});

describe('turning two-factor off, and new backup codes (OTP-07)', () => {
  test('take a recent second factor, and turning off a code besides', async () => {
    const user = await twoFactorUser(client);
    await change(
      client,
      sql`UPDATE sessions SET second_factor_at = now() - interval '11 minutes' WHERE id = ${user.sessionId}::uuid`,
    );
    const code = await freshCode(client, user);
    for (const refused of [
      await disable(client, user.accessToken, { code }),
      await disable(client, user.accessToken, { backupCode: user.backupCodes[0] }),
      await renewCodes(client, user.accessToken),
      await startSetup(client, user.accessToken),
    ])
      expectRefused(refused, 403, 'reauthentication_required');
    const counted = await databaseOf(client).query(sql`
      SELECT bucket FROM login_attempts WHERE bucket LIKE ${`second-factor:${user.userId}:%`}`);
    expect(counted).toEqual([]);
    // No code was spent by that either.
    const renewed = await reauthenticateBy(client, user.accessToken, { code });
    expect(renewed.status, renewed.text).toBe(200);
    const bearer = renewed.json.accessToken;
    for (const proof of [{}, { password }, { code: '123456', backupCode: user.backupCodes[0] }])
      expectRefused(await disable(client, bearer, proof), 400, 'validation_failed');
    expectRefused(await disable(client, bearer, { code: wrongCode(user.secret) }), 401, 'invalid_code');
    await expectAsked(client, user);
    const off = await disable(client, bearer, { code: await freshCode(client, user) });
    expect(off, off.text).toMatchObject({ status: 200, roundTrips: 2, setCookies: [] });
  });

  test('off ends secret, backup codes and trusted devices; the session goes on, and the password alone signs in', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    const off = await disable(client, user.accessToken, { backupCode: user.backupCodes[0] });
    expect(off.json).toEqual({ success: true, message: expect.any(String) });
    const me = await client.get('/api/auth/me', { bearer: user.accessToken });
    expect(me.json.user.twoFactorEnabled).toBe(false);
    expect((await listFactors(client, user.accessToken)).json).toMatchObject({
      factors: [],
      backupCodesLeft: 0,
    });
    expect((await listTrusted(client, user.accessToken)).json.trustedDevices).toEqual([]);
    await expectNotAsked(client, user);
    expect((await eventsOf(client, user)).includes('user_updated two_factor_disabled backup_code')).toBe(
      true,
    );

    // What trusted it before is nothing to the next authenticator.
    await change(
      client,
      sql`UPDATE sessions SET authenticated_at = now() WHERE user_id = ${user.userId}::uuid`,
    );
    const { secret } = (await startSetup(client, user.accessToken)).json;
    expect((await enable(client, user.accessToken, codeAt(secret))).status).toBe(200);
    await expectAsked(client, user, { trustedDeviceToken: token });
  });

  test('off is nothing that an account without a second factor can do', async () => {
    const { accessToken } = await verifiedUser(client);
    const answer = await disable(client, accessToken, { code: '123456' });
    expectRefused(answer, 401, 'invalid_code');
    expect(answer.roundTrips).toBe(1);
  });
});

describe('a challenge opens nothing but the second step (OTP-08)', () => {
  const presented = ['token', 'cookie'] as const;

  test.each(presented)('its %s is refused wherever else a token can be', async (which) => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    const token = which === 'token' ? first.json.challengeToken : cookieValue(first, challengeCookie)!;
    const code = await freshCode(client, user);
    for (const [method, address, body] of [
      ['GET', '/api/auth/me'],
      ['GET', '/api/auth/sessions'],
      ['DELETE', '/api/auth/sessions'],
      ['GET', path],
      ['POST', `${path}/setup`],
      ['POST', `${path}/enable`, { code }],
      ['POST', `${path}/disable`, { code }],
      ['POST', `${path}/backup-codes`],
      ['POST', '/api/auth/reauthenticate', { code }],
      ['GET', '/api/auth/trusted-devices'],
      ['GET', '/api/auth/me/export'],
    ] as const) {
      const options = body === undefined ? {} : { body };
      const byBearer = await client.call(method, address, { ...options, bearer: token });
      expect([byBearer.status, byBearer.roundTrips], `${method} ${address}`).toEqual([401, 0]);
      const byCookie = await client.call(method, address, { ...options, cookies: { [accessCookie]: token } });
      expect([byCookie.status, byCookie.roundTrips], `${method} ${address}`).toEqual([401, 0]);
    }
    expectRefused(await client.post('/api/auth/refresh', { refreshToken: token }), 401, 'session_expired');
    const byCookie = await client.post('/api/auth/refresh', undefined, {
      cookies: { [refreshCookie]: token },
    });
    expectRefused(byCookie, 401, 'session_expired');
    for (const [address, body] of [
      ['/api/auth/email/verify', { password }],
      ['/api/auth/password/reset', { password: otherPassword, confirmPassword: otherPassword }],
      ['/api/auth/email/change/confirm', { password }],
      ['/api/auth/email/change/revert', {}],
      ['/api/auth/not-me', {}],
      ['/api/auth/unlock', {}],
      [`${path}/keep`, {}],
    ] as const) {
      const answer = await client.post(address, { token, ...body });
      expectRefused(answer, 400, 'token_invalid');
      expect(answer.roundTrips, address).toBe(0);
    }
    const options = { headers: { 'X-Device-Token': token } };
    await expectAsked(client, user, { trustedDeviceToken: token }, options);
    // Nor did any of that use it up.
    expect((await completeChallenge(client, first, { code })).status).toBe(200);
  });

  test('and nothing else opens the second step', async () => {
    const user = await twoFactorUser(client);
    const session = await sessionByCode(client, user);
    const { token: trusted } = await trustDevice(client, user);
    const links = Object.keys(oneTimeTokenKinds).filter((kind) => !kind.includes('challenge')) as Exclude<
      keyof typeof oneTimeTokenKinds,
      'two_factor_challenge' | 'challenge_cookie'
    >[];
    const owner = { id: user.userId, email: user.email };
    const tokens = [session.accessToken, session.bodyToken, session.cookieToken, trusted, user.deviceToken];
    for (const kind of links) tokens.push(await storeLink(client, kind, owner));
    for (const challengeToken of tokens) {
      const answer = await client.post(secondStepPath, {
        challengeToken: challengeToken.slice(0, 256),
        code: '123456',
      });
      expectRefused(answer, 401, 'challenge_expired');
      expect(answer.roundTrips).toBe(0);
    }
  });

  test('for an unknown device: a session and its cookies do not replace it', async () => {
    const user = await twoFactorUser(client);
    const cookies = { [accessCookie]: user.accessToken };
    const code = await freshCode(client, user);
    expectRefused(await client.post(secondStepPath, { code }, { cookies }), 401, 'challenge_expired');
  });
});

test("a wrong password is answered as everybody's, byte for byte, and by the same statements (ENU-08, ENU-01)", async () => {
  const { endpoint, seen } = await faultyEndpoint();
  const watched = new TestClient({ ...variables, DATABASE_HTTP_ENDPOINT: endpoint });
  const answers: Answer[] = [];
  const statements: (readonly string[])[] = [];
  for (const email of [
    (await twoFactorUser(client)).email,
    (await verifiedUser(client)).email,
    freshEmail(),
  ]) {
    const before = (await seen()).length;
    answers.push(await logInAs(watched, { email }, { password: 'not the password' }));
    statements.push((await seen()).slice(before).flatMap(({ queries }) => queries));
  }
  const [first, ...others] = answers;
  expectRefused(first!, 401, 'invalid_credentials');
  const bytes = ({ text, json }: Answer) => text.replace(json.requestId, '');
  const names = ({ headers }: Answer) => [...headers.keys()];
  for (const other of others) {
    expect(bytes(other)).toBe(bytes(first!));
    expect(names(other)).toEqual(names(first!));
    expect([other.roundTrips, other.hashes, other.setCookies]).toEqual([
      first!.roundTrips,
      first!.hashes,
      [],
    ]);
  }
  expect(statements[0]!.length).toBeGreaterThan(1);
  for (const other of statements.slice(1)) expect(other).toEqual(statements[0]);
});

test('no table holds a code, a secret or a token of the feature in clear after a full run (SES-02)', async () => {
  const user = await twoFactorUser(client);
  const { secret } = user;
  const code = await freshCode(client, user);
  const { json } = await reauthenticateBy(client, user.accessToken, { code });
  const first = await challenge(client, user);
  const { token, cookie } = await trustDevice(client, user);
  await completeChallenge(client, first, { backupCode: user.backupCodes[0] });
  const renewed = (await renewCodes(client, json.accessToken)).json.backupCodes;
  const open = await challenge(client, user, { transport: 'cookie' });
  await requestReset(client, user.userId);
  const keepToken = await tokenFrom(client, user.email, 'two_factor_reset_requested');
  await passResetDelay(client, user);
  const seen = new Set<string>([
    ...[secret, token, cookie, keepToken, json.accessToken, json.refreshToken],
    ...[first, open].flatMap((answer) => [
      answer.json.challengeToken as string,
      cookieValue(answer, challengeCookie)!,
    ]),
    ...user.backupCodes.flatMap((text) => [text, text.replaceAll('-', '')]),
    ...renewed.flatMap((text: string) => [text, text.replaceAll('-', '')]),
  ]);
  const rows = (await dumpRows(client)).toLowerCase();
  expect(rows).toContain(user.userId);
  expect(rows).toContain('two_factor_challenge');
  for (const text of seen) {
    // What proves it without its prefix, and what a bytea would show of it.
    const bare = text.replace(/^nx._/, '');
    const hex = [...new TextEncoder().encode(bare)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
    for (const spelling of [text, bare, hex]) expect(rows, spelling).not.toContain(spelling.toLowerCase());
  }
  expect(rows).not.toContain(`"${code}"`);
});

import { decodeJwt } from 'jose';
import { describe, expect, inject, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { otherPassword, password } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { forgeLink, storeLink } from '../../support/links.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { adminSecret } from '../../support/test-env.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  completeWithCode,
  freshCode,
  signInWithCode,
  type TwoFactorUser,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { linkFor, reset } from '../password/password-reset.ts';
import { changePassword } from '../password/signed-in-owner.ts';
import { storedHash } from '../password/stored-accounts.ts';
import {
  change,
  completeOnce,
  countEvents,
  countMails,
  databaseOf,
  disable,
  enable,
  endCheckWindows,
  exhaustChecks,
  expectAsked,
  expectLocked,
  expectRefused,
  kindsTo,
  leaveOneCheck,
  logInAs,
  missEach,
  missesOf,
  missTimes,
  onDevice,
  reauthenticateBy,
  renewCodes,
  secondStepPath,
  sessionByCode,
  startSetup,
  trustDevice,
  verifiedUser,
} from './calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const variables = { EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret };
const client = new TestClient(variables);

/** What the session of a user says of the account. */
async function recoveryOf({ accessToken: bearer }: TwoFactorUser) {
  const { status, json } = await client.get('/api/auth/me', { bearer });
  return { status, recoveryRequired: json.user?.recoveryRequired };
}

/** The checks that are counted of a user, by window. */
const checksOf = ({ userId }: TwoFactorUser) =>
  databaseOf(client).query(
    sql`SELECT count FROM login_attempts WHERE bucket LIKE ${`second-factor:${userId}:%`}`,
  );

/** The access token of a session on a device that no second step was completed on. */
async function sessionOnNewDevice(user: TwoFactorUser): Promise<string> {
  const { accessToken } = await sessionByCode(client, user);
  const { sid } = decodeJwt(accessToken);
  await change(
    client,
    sql`UPDATE sessions SET device_id = gen_random_uuid() WHERE id = ${String(sid)}::uuid`,
  );
  return accessToken;
}

describe('guessing codes (OTP-02)', () => {
  test('over many challenges and as many addresses ends at the tenth; then the right one is refused until the window ends', async () => {
    const user = await twoFactorUser(client);
    const attempts = inject('isFull') ? 50 : 12;
    const challenges: Answer[] = [];
    for (let index = 0; index < attempts; index++) challenges.push(await challenge(client, user));
    const answers: Answer[] = [];
    for (const one of challenges)
      answers.push(await completeChallenge(client, one, { code: wrongCode(user.secret) }));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(attempts - 10).fill(429)]);
    for (const refused of answers.slice(10)) {
      expectLocked(refused);
      expect(refused.headers.get('RateLimit-Policy')).toContain('q=10;w=900');
      expect(refused.roundTrips).toBe(1);
    }
    const code = await freshCode(client, user);
    expectLocked(await completeChallenge(client, await challenge(client, user), { code }));
    expect(await countMails(client, user.email, 'second_factor_locked')).toBe(1);
    expect(await countEvents(client, user, 'authn_login_lock')).toBe(1);

    await endCheckWindows(client, user);
    expect((await completeOnce(client, user)).status).toBe(200);
  });

  test('in the next window is told again (LIM-13)', async () => {
    const user = await twoFactorUser(client);
    for (const times of [1, 2]) {
      await exhaustChecks(client, user);
      expect(await countMails(client, user.email, 'second_factor_locked')).toBe(times);
      await endCheckWindows(client, user);
    }
  });

  test('counts no request that checks nothing: one of a bad format, one at a closed challenge', async () => {
    const user = await twoFactorUser(client);
    const spent = await challenge(client, user);
    await completeChallenge(client, spent, { code: await freshCode(client, user) });
    for (let index = 0; index < 11; index++) {
      expect((await completeChallenge(client, spent, { code: '123456' })).status).toBe(401);
      expect((await completeChallenge(client, spent, { code: '12345' })).status).toBe(400);
    }
    expect((await completeOnce(client, user)).status).toBe(200);
    expect(await missesOf(client, user)).toBe(0);
  });
});

describe('nobody without the password (OTP-03)', () => {
  test('uses up a check of the second factor, by challenges that are forged or absent, or by wrong passwords', async () => {
    const user = await twoFactorUser(client);
    const forged = () => forgeLink(client, 'two_factor_challenge').token;
    for (let index = 0; index < 3; index++) {
      for (const challengeToken of [undefined, 'nxc_x', forged()]) {
        const answer = await client.post(secondStepPath, { challengeToken, code: wrongCode(user.secret) });
        expectRefused(answer, 401, 'challenge_expired');
      }
      await logInAs(client, user, { password: 'a guess of a stranger' });
    }
    expect(await checksOf(user)).toEqual([]);
    const options = onDevice(user);
    const first = await challenge(client, user, {}, options);
    const code = await freshCode(client, user);
    expect((await completeChallenge(client, first, { code }, options)).status).toBe(200);
    expect(await kindsTo(client, user.email)).not.toContain('second_factor_locked');
  });

  test('learns of a lock: with a wrong password it looks as ever', async () => {
    const user = await twoFactorUser(client);
    await exhaustChecks(client, user);
    expectRefused(await logInAs(client, user, { password: 'wrong' }), 401, 'invalid_credentials');
  });

  test('is let in by a lock, nor is anybody put out: live sessions go on', async () => {
    const user = await twoFactorUser(client);
    const other = await sessionByCode(client, user);
    await exhaustChecks(client, user);
    for (const bearer of [user.accessToken, other.accessToken])
      expect((await client.get('/api/auth/me', { bearer })).status).toBe(200);
    expect((await client.post('/api/auth/refresh', { refreshToken: other.bodyToken })).status).toBe(200);
    // A session counts on its own device.
    const code = await freshCode(client, user);
    expect((await reauthenticateBy(client, user.accessToken, { code })).status).toBe(200);
  });
});

describe('the checks of the second factor (OTP-14)', () => {
  test('are given back by no password, no unlock, no reset and no new login', async () => {
    const user = await twoFactorUser(client);
    await exhaustChecks(client, user);
    await logInAs(client, user);
    const owner = { id: user.userId, email: user.email };
    const bucket = `user:${user.userId}:world`;
    const unlock = await client.post('/api/auth/unlock', {
      token: await storeLink(client, 'unlock', owner, { bucket }),
    });
    expect(unlock.status, unlock.text).toBe(200);
    const renewed = await reauthenticateBy(client, user.accessToken, { password });
    expect(renewed.status, renewed.text).toBe(200);
    expect((await reset(client, await linkFor(client, user.email))).status).toBe(200);
    const first = await challenge(client, user, { password: otherPassword });
    expectLocked(await completeChallenge(client, first, { code: await freshCode(client, user) }));
  });

  test('are given back by a completed second step', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    const wrong = { code: wrongCode(user.secret) };
    expectRefused(await completeChallenge(client, first, wrong), 401, 'invalid_code');
    await leaveOneCheck(client, user);
    await completeWithCode(client, first, user);
    const next = await challenge(client, user);
    for (let index = 0; index < 2; index++)
      expectRefused(await completeChallenge(client, next, wrong), 401, 'invalid_code');
    expect(await checksOf(user)).toEqual([{ count: 2 }]);
  });

  test('end with their user, and are found under no other name', async () => {
    const user = await twoFactorUser(client);
    await exhaustChecks(client, user);
    const bearer = user.accessToken;
    const gone = await client.call('DELETE', '/api/auth/me', { bearer, body: { password } });
    expect(gone.status, gone.text).toBe(200);
    expect(await checksOf(user)).toEqual([]);
  });

  test('of a device that completed a second step are its own: it signs in while those of the world are used up', async () => {
    const user = await twoFactorUser(client);
    const known = onDevice(user);
    await exhaustChecks(client, user);
    expectLocked(await completeOnce(client, user));
    expect((await completeOnce(client, user, known)).status).toBe(200);
    // And the other way round.
    await endCheckWindows(client, user);
    await exhaustChecks(client, user, known);
    expectLocked(await completeOnce(client, user, known));
    expect((await completeOnce(client, user)).status).toBe(200);
  });

  test('of a device that only knows the password are those of the world', async () => {
    const user = await twoFactorUser(client);
    // Known to the account, by a sign-in of before the second factor.
    await change(client, sql`DELETE FROM second_factor_devices WHERE user_id = ${user.userId}::uuid`);
    await exhaustChecks(client, user);
    expectLocked(await completeOnce(client, user, onDevice(user)));
  });

  test('cannot be multiplied by devices: one that is forged, or of another account, is of the world', async () => {
    const [user, other] = [await twoFactorUser(client), await twoFactorUser(client)];
    await exhaustChecks(client, user);
    for (const deviceToken of ['nxd_forged', other.deviceToken])
      expectLocked(await completeOnce(client, user, onDevice({ deviceToken })));
  });

  test.each(['reauthenticate', 'disable'] as const)(
    'used up by %s are used up for every route on that device (LIM-11)',
    async (route) => {
      const user = await twoFactorUser(client);
      const bearer = user.accessToken;
      const wrong = { code: wrongCode(user.secret) };
      const guess = () => (route === 'disable' ? disable : reauthenticateBy)(client, bearer, wrong);
      expectRefused(await guess(), 401, 'invalid_code');
      await leaveOneCheck(client, user);
      expectRefused(await guess(), 401, 'invalid_code');
      expectLocked(await guess());
      const code = await freshCode(client, user);
      expectLocked(await disable(client, bearer, { code }));
      expectLocked(await reauthenticateBy(client, bearer, { code }));
      expectLocked(await completeOnce(client, user, onDevice(user)));
      expect(await countMails(client, user.email, 'second_factor_locked')).toBe(1);
      // A stranger's device counts for itself, and so does the password.
      expect((await completeOnce(client, user)).status).toBe(200);
      expect((await reauthenticateBy(client, bearer, { password })).status).toBe(200);
    },
  );

  test('used up by a session on a device that completed none are those of such sessions, and pause no sign-in (OTP-03, LIM-11)', async () => {
    const owner = await verifiedUser(client);
    const [stolen, other] = [
      (await logInAs(client, owner)).json.accessToken,
      (await logInAs(client, owner)).json.accessToken,
    ];
    const { secret } = (await startSetup(client, owner.accessToken)).json;
    const enabled = await enable(client, owner.accessToken, codeAt(secret));
    const user: TwoFactorUser = { ...owner, ...enabled.json, secret };
    const guess = () => reauthenticateBy(client, stolen, { code: wrongCode(secret) });
    expectRefused(await guess(), 401, 'invalid_code');
    await leaveOneCheck(client, user);
    expectRefused(await guess(), 401, 'invalid_code');
    expectLocked(await reauthenticateBy(client, stolen, { code: await freshCode(client, user) }));
    // Another session of that kind is no further set of checks.
    expectLocked(await reauthenticateBy(client, other, { code: await freshCode(client, user) }));
    expect((await completeOnce(client, user)).status).toBe(200);
    const proof = { code: await freshCode(client, user) };
    expect((await reauthenticateBy(client, user.accessToken, proof)).status).toBe(200);
  });

  test('are new for a new authenticator, and so are the misses', async () => {
    const user = await twoFactorUser(client);
    await missTimes(client, user, 6);
    expect(await missesOf(client, user)).toBe(6);
    const { secret } = (await startSetup(client, user.accessToken)).json;
    expect((await enable(client, user.accessToken, codeAt(secret))).status).toBe(200);
    expect(await missesOf(client, user)).toBe(0);
  });

  test('used up by the second step on a device are used up for its sessions (LIM-11)', async () => {
    const user = await twoFactorUser(client);
    await exhaustChecks(client, user, onDevice(user));
    const code = await freshCode(client, user);
    expectLocked(await reauthenticateBy(client, user.accessToken, { code }));
    expectLocked(await disable(client, user.accessToken, { code }));
  });

  test('and those of the password are two counters: neither uses the other up', async () => {
    const user = await twoFactorUser(client);
    await exhaustChecks(client, user);
    await expectAsked(client, user);
    const other = await twoFactorUser(client);
    const limited = new TestClient({ ...variables, LOGIN_ATTEMPTS_MAX: '2' });
    for (let index = 0; index < 3; index++) await logInAs(limited, other, { password: 'wrong' });
    expect((await logInAs(limited, other)).status).toBe(429);
    const code = await freshCode(client, other);
    expect((await reauthenticateBy(client, other.accessToken, { code })).status).toBe(200);
  });
});

describe('the fiftieth wrong code without a right one between them (OTP-14)', { timeout: 60_000 }, () => {
  test('withdraws the password, ends trust and challenges, and mails the owner a link once; nobody passes a gate until it is used (LNK-15)', async () => {
    const user = await twoFactorUser(client);
    const { token: trusted } = await trustDevice(client, user);
    const open = await challenge(client, user);
    const entered = inject('isFull') ? 49 : 12;
    await missEach(client, user, entered);
    await missTimes(client, user, 49 - entered);
    expect(await storedHash(user.userId)).not.toBeNull();
    expect(await kindsTo(client, user.email)).not.toContain('password_withdrawn');
    await missTimes(client, user, 1);

    expect(await storedHash(user.userId)).toBeNull();
    expectRefused(await logInAs(client, user), 401, 'invalid_credentials');
    expectRefused(await logInAs(client, user, { trustedDeviceToken: trusted }), 401, 'invalid_credentials');
    expect(await recoveryOf(user)).toEqual({ status: 200, recoveryRequired: true });
    expectRefused(await renewCodes(client, user.accessToken), 403, 'recovery_required');
    const late = await completeChallenge(client, open, { code: await freshCode(client, user) });
    expectRefused(late, 401, 'challenge_expired');
    const mails = (await mailsTo(client, user.email)).filter(({ kind }) => kind === 'password_withdrawn');
    expect(mails).toMatchObject([
      { user_id: user.userId, outcome: null, token: expect.stringMatching(/^nxp_/) },
    ]);
    expect(await countEvents(client, user, 'password_withdrawn')).toBe(1);

    // The link gives the owner a new password; the second factor stays, and its device is forgotten.
    const link = await tokenFrom(client, user.email, 'password_withdrawn');
    expect((await reset(client, link)).status).toBe(200);
    const first = await challenge(client, user, { password: otherPassword, trustedDeviceToken: trusted });
    await endCheckWindows(client, user);
    await completeWithCode(client, first, user);
  });

  test('comes after a right one only as the fiftieth from there', async () => {
    const user = await twoFactorUser(client);
    await missTimes(client, user, 49);
    await endCheckWindows(client, user);
    expect((await completeOnce(client, user)).status).toBe(200);
    expect(await missesOf(client, user)).toBe(0);
    await missTimes(client, user, 49);
    expect(await storedHash(user.userId)).not.toBeNull();
    await missTimes(client, user, 1);
    expect(await storedHash(user.userId)).toBeNull();
  });

  test.each<[what: string, set: (user: TwoFactorUser) => Promise<Answer>]>([
    ['a reset', async ({ email }) => reset(client, await linkFor(client, email))],
    ['a change of the password', (user) => changePassword(client, user)],
  ])('is the fiftieth behind the present password: %s starts a count of its own', async (_what, set) => {
    const user = await twoFactorUser(client);
    await missTimes(client, user, 49);
    const kept = await challenge(client, user);
    expect((await set(user)).status).toBe(200);
    // Neither one on what is left of the former password, nor the first one behind the new one.
    const late = await completeChallenge(client, kept, { code: wrongCode(user.secret) });
    expectRefused(late, 401, 'challenge_expired');
    await missTimes(client, user, 1, {}, otherPassword);
    expect(await missesOf(client, user)).toBe(1);
    await missTimes(client, user, 48, {}, otherPassword);
    expect(await storedHash(user.userId)).not.toBeNull();
    await missTimes(client, user, 1, {}, otherPassword);
    expect(await storedHash(user.userId)).toBeNull();
    expect(await kindsTo(client, user.email)).toContain('password_withdrawn');
  });

  test('is counted for each device by itself, and a right one on it starts over there', async () => {
    const user = await twoFactorUser(client);
    const known = onDevice(user);
    await missTimes(client, user, 3, known);
    await missTimes(client, user, 2);
    const [row] = await databaseOf(client).query<{ id: string }>(sql`
      SELECT device_id AS id FROM second_factor_devices WHERE user_id = ${user.userId}::uuid AND misses = 3`);
    expect(await missesOf(client, user)).toBe(2);
    expect((await completeOnce(client, user, known)).status).toBe(200);
    expect([await missesOf(client, user, row!.id), await missesOf(client, user)]).toEqual([0, 2]);
  });

  test('is the fiftieth on a device of its own, and within a session as well', async () => {
    const user = await twoFactorUser(client);
    const known = onDevice(user);
    await missTimes(client, user, 49, known);
    await endCheckWindows(client, user);
    const last = await reauthenticateBy(client, user.accessToken, { code: wrongCode(user.secret) });
    expectRefused(last, 401, 'invalid_code');
    expect(await storedHash(user.userId)).toBeNull();
    expect((await client.get('/api/auth/me', { bearer: user.accessToken })).status).toBe(401);
  });

  test('ends the sessions in which somebody missed and none was right since, and no other', async () => {
    const user = await twoFactorUser(client);
    const [guessing, mistaken] = [await sessionByCode(client, user), await sessionByCode(client, user)];
    const [{ accessToken: stolen }, { accessToken: own }] = [guessing, mistaken];
    for (const bearer of [stolen, own])
      expectRefused(
        await reauthenticateBy(client, bearer, { code: wrongCode(user.secret) }),
        401,
        'invalid_code',
      );
    const corrected = await reauthenticateBy(client, own, { code: await freshCode(client, user) });
    expect(corrected.status, corrected.text).toBe(200);
    await missTimes(client, user, 50 - (await missesOf(client, user)));
    expect((await client.get('/api/auth/me', { bearer: stolen })).status).toBe(401);
    for (const bearer of [corrected.json.accessToken, user.accessToken])
      expect((await client.get('/api/auth/me', { bearer })).json.user.recoveryRequired).toBe(true);
  });

  test('is over by a backup code, and by a code from a browser that completed a second step before', async () => {
    const owners = [await twoFactorUser(client), await twoFactorUser(client)];
    for (const user of owners) await missTimes(client, user, 50);
    const [byBackupCode, byBrowser] = owners;
    const [backupCode] = byBackupCode!.backupCodes;
    const first = await reauthenticateBy(client, byBackupCode!.accessToken, { backupCode });
    const second = await reauthenticateBy(client, byBrowser!.accessToken, {
      code: await freshCode(client, byBrowser!),
    });
    for (const answer of [first, second]) {
      expect(answer.status, answer.text).toBe(200);
      const { accessToken: bearer } = answer.json;
      expect((await client.get('/api/auth/me', { bearer })).json.user.recoveryRequired).toBe(false);
      // Whose password is withdrawn can set one again.
      const passwords = { newPassword: otherPassword, confirmPassword: otherPassword };
      expect((await client.post('/api/auth/password/change', passwords, { bearer })).status).toBe(200);
    }
  });

  test('is not over by a code from any other browser, since that may be the guess that hit', async () => {
    const user = await twoFactorUser(client);
    const stranger = await sessionOnNewDevice(user);
    await missTimes(client, user, 50);
    const answer = await reauthenticateBy(client, stranger, { code: await freshCode(client, user) });
    expect(answer.status, answer.text).toBe(200);
    const { accessToken: bearer } = answer.json;
    expect((await client.get('/api/auth/me', { bearer })).json.user.recoveryRequired).toBe(true);
    expectRefused(await renewCodes(client, bearer), 403, 'recovery_required');
  });

  test('leaves five codes a day to all browsers that never completed a second step together, and every backup code', async () => {
    const user = await twoFactorUser(client);
    await missTimes(client, user, 50);
    const link = await tokenFrom(client, user.email, 'password_withdrawn');
    expect((await reset(client, link)).status).toBe(200);
    await endCheckWindows(client, user);
    const withNew = { password: otherPassword };
    const first = await challenge(client, user, withNew);
    for (let index = 0; index < 5; index++) {
      const answer = await completeChallenge(client, first, { code: wrongCode(user.secret) });
      expectRefused(answer, 401, 'invalid_code');
    }
    const next = await challenge(client, user, withNew);
    const locked = await completeChallenge(client, next, { code: await freshCode(client, user) });
    expectRefused(locked, 429, 'too_many_attempts');
    expect(Number(locked.headers.get('Retry-After'))).toBeGreaterThan(86_000);
    expect(locked.headers.get('RateLimit-Policy')).toBe('"attempts";q=5;w=86400');
    // Wrong backup codes are told from right ones all the same, and these sign in.
    let last = next;
    for (let index = 0; index < 12; index++) {
      if (index % 4 === 0) last = await challenge(client, user, withNew);
      const answer = await completeChallenge(client, last, { backupCode: 'a'.repeat(24) });
      expectRefused(answer, 401, 'invalid_code');
    }
    const [backupCode] = user.backupCodes;
    expect((await completeChallenge(client, last, { backupCode })).status).toBe(200);
    // Which clears the count: the usual checks are back.
    expect(await missesOf(client, user)).toBe(0);
    await missTimes(client, user, 6, {}, otherPassword);
  });

  test('leaves them to sessions on such devices as well, whose codes count with all others', async () => {
    const user = await twoFactorUser(client);
    const strangers = [await sessionOnNewDevice(user), await sessionOnNewDevice(user)];
    await missTimes(client, user, 50);
    const guess = async (bearer: string) =>
      reauthenticateBy(client, bearer, { code: wrongCode(user.secret) });
    for (const bearer of [strangers[0]!, strangers[1]!, strangers[0]!, strangers[1]!, strangers[0]!])
      expectRefused(await guess(bearer), 401, 'invalid_code');
    const code = await freshCode(client, user);
    for (const bearer of strangers)
      expectRefused(await reauthenticateBy(client, bearer, { code }), 429, 'too_many_attempts');
    expect((await reauthenticateBy(client, user.accessToken, { code })).status).toBe(200);
  });

  test('on a browser that counts for itself leaves five a day to it, and the usual checks to all others', async () => {
    const user = await twoFactorUser(client);
    const known = onDevice(user);
    await missTimes(client, user, 50, known);
    const link = await tokenFrom(client, user.email, 'password_withdrawn');
    expect((await reset(client, link)).status).toBe(200);
    await endCheckWindows(client, user);
    const renewed = await challenge(client, user, { password: otherPassword }, known);
    for (let index = 0; index < 5; index++)
      expectRefused(
        await completeChallenge(client, renewed, { code: wrongCode(user.secret) }, known),
        401,
        'invalid_code',
      );
    const next = await challenge(client, user, { password: otherPassword }, known);
    const refused = await completeChallenge(client, next, { code: await freshCode(client, user) }, known);
    expectRefused(refused, 429, 'too_many_attempts');
    expect(refused.headers.get('RateLimit-Policy')).toBe('"attempts";q=5;w=86400');
    await signInWithCode(client, user, { password: otherPassword });
  });

  test('begins no other recovery by further misses until a right code has cleared the count', async () => {
    const user = await twoFactorUser(client);
    await missTimes(client, user, 50);
    const link = await tokenFrom(client, user.email, 'password_withdrawn');
    expect((await reset(client, link)).status).toBe(200);
    await change(
      client,
      sql`UPDATE second_factor_devices SET misses = 99 WHERE user_id = ${user.userId}::uuid AND misses > 0`,
    );
    await missTimes(client, user, 1, {}, otherPassword);
    // Nor by those of a browser that counts for itself.
    await change(
      client,
      sql`UPDATE second_factor_devices SET misses = 49 WHERE user_id = ${user.userId}::uuid AND misses = 0`,
    );
    expect(await storedHash(user.userId)).not.toBeNull();
    expect(await countMails(client, user.email, 'password_withdrawn')).toBe(1);
    await endCheckWindows(client, user);
    await signInWithCode(client, user, { password: otherPassword });
    await missTimes(client, user, 50, {}, otherPassword);
    expect(await storedHash(user.userId)).toBeNull();
  });

  test('is no code that nobody checked: refused ones count for nothing', async () => {
    const user = await twoFactorUser(client);
    await exhaustChecks(client, user);
    const first = await challenge(client, user);
    for (let index = 0; index < 3; index++)
      expectLocked(await completeChallenge(client, first, { code: wrongCode(user.secret) }));
    expect(await missesOf(client, user)).toBe(10);
    expect(await storedHash(user.userId)).not.toBeNull();
  });
});

import { describe, expect, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { TestClient } from '../../support/client.ts';
import { type FaultPlan, faultyEndpoint } from '../../support/database.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { adminSecret } from '../../support/test-env.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  completeWithCode,
  freshCode,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { reset } from '../password/password-reset.ts';
import {
  countEvents,
  countMails,
  databaseOf,
  disable,
  enable,
  endCheckWindows,
  expectLocked,
  expectNotAsked,
  expectRefused,
  forget,
  keep,
  kindsTo,
  leaveOneCheck,
  listFactors,
  listTrusted,
  logInAs,
  missesOf,
  missTimes,
  passResetDelay,
  reauthenticateBy,
  renewCodes,
  requestReset,
  startSetup,
  trustDevice,
  verifiedUser,
} from './calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const variables = { EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret };
const client = new TestClient(variables);

async function faultyClient(plan: FaultPlan): Promise<TestClient> {
  const { endpoint } = await faultyEndpoint(plan);
  return new TestClient({ ...variables, DATABASE_HTTP_ENDPOINT: endpoint });
}

describe('a lost answer of the database (DBF-10)', () => {
  /** A plan in which the answer to this round trip is lost, counted from 1. */
  const lostAt = (trip: number): FaultPlan => [...Array(trip - 1).fill('pass' as const), 'commit-then-drop'];

  async function lose(trip: number): Promise<TestClient> {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    return faultyClient(lostAt(trip));
  }

  test('at the first step leaves one challenge, which is good', async () => {
    for (const trip of [1, 2]) {
      const user = await twoFactorUser(client);
      const first = await challenge(await lose(trip), user);
      expect(first.roundTrips).toBe(3);
      expect(await countEvents(client, user, 'two_factor_challenge')).toBe(1);
      await completeWithCode(client, first, user);
    }
  });

  test.each([1, 2])(
    'at round trip %i of the second step leaves one session, one trusted device, one mail',
    async (trip) => {
      const user = await twoFactorUser(client);
      const first = await challenge(client, user);
      const before = await kindsTo(client, user.email);
      const proof = { backupCode: user.backupCodes[0], trustDevice: true };
      const answer = await completeChallenge(await lose(trip), first, proof);
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });
      const bearer = answer.json.accessToken;
      expect((await client.get('/api/auth/me', { bearer })).status).toBe(200);
      expect((await client.get('/api/auth/sessions', { bearer })).json.sessions).toHaveLength(2);
      expect((await listTrusted(client, bearer)).json.trustedDevices).toHaveLength(1);
      await expectNotAsked(client, user, { trustedDeviceToken: answer.json.trustedDeviceToken });
      const kinds = (await kindsTo(client, user.email)).slice(before.length);
      // The sign-in on a trusted device is one on a new device, too.
      expect(kinds.toSorted()).toEqual(['backup_code_used', 'new_device', 'new_device']);
      expect(await countEvents(client, user, 'second_factor')).toBe(1);
      expect(await missesOf(client, user)).toBe(0);
    },
  );

  test('at a wrong code counts one check and one miss', async () => {
    const user = await twoFactorUser(client);
    for (const trip of [1, 2]) {
      const first = await challenge(client, user);
      const answer = await completeChallenge(await lose(trip), first, { code: wrongCode(user.secret) });
      expectRefused(answer, 401, 'invalid_code');
      expect(await missesOf(client, user)).toBe(trip);
      expect(await countEvents(client, user, 'wrong_code')).toBe(trip);
    }
    const rows = await databaseOf(client).query<{ count: number }>(sql`
      SELECT count FROM login_attempts WHERE bucket LIKE ${`second-factor:${user.userId}:%`}`);
    expect(rows).toEqual([{ count: 2 }]);
  });

  test('at the fiftieth wrong code in a row counts it once, and mails once (OTP-14)', {
    timeout: 60_000,
  }, async () => {
    const user = await twoFactorUser(client);
    await missTimes(client, user, 48);
    await endCheckWindows(client, user);
    const first = await challenge(client, user);
    for (const expected of [49, 50]) {
      const answer = await completeChallenge(await lose(2), first, { code: wrongCode(user.secret) });
      expectRefused(answer, 401, 'invalid_code');
      expect(answer.roundTrips).toBe(3);
      expect(await missesOf(client, user)).toBe(expected);
    }
    expect(await countMails(client, user.email, 'password_withdrawn')).toBe(1);
    // Six of the first, and these.
    expect(await countEvents(client, user, 'wrong_code')).toBe(8);
    expect(await countEvents(client, user, 'password_withdrawn')).toBe(1);
    expect((await reset(client, await tokenFrom(client, user.email, 'password_withdrawn'))).status).toBe(200);
  });

  test('at the refusal of a lock tells the owner once', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    const wrong = { code: wrongCode(user.secret) };
    await completeChallenge(client, first, wrong);
    await leaveOneCheck(client, user);
    expectRefused(await completeChallenge(client, first, wrong), 401, 'invalid_code');
    expectLocked(await completeChallenge(await lose(1), first, { code: codeAt(user.secret) }));
    expect(await countMails(client, user.email, 'second_factor_locked')).toBe(1);
    expect(await countEvents(client, user, 'authn_login_lock')).toBe(1);
  });

  test('at a setup leaves the one that was answered', async () => {
    const owner = await verifiedUser(client);
    const answer = await startSetup(await lose(1), owner.accessToken);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
    expect((await enable(client, owner.accessToken, codeAt(answer.json.secret))).status).toBe(200);
  });

  test.each([1, 2])(
    'at round trip %i of enabling leaves the codes and tokens that were answered, and one mail',
    async (trip) => {
      const owner = await verifiedUser(client);
      const { secret } = (await startSetup(client, owner.accessToken)).json;
      const answer = await enable(await lose(trip), owner.accessToken, codeAt(secret));
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });
      const { accessToken: bearer, backupCodes } = answer.json;
      expect((await listFactors(client, bearer)).json.backupCodesLeft).toBe(10);
      expect((await reauthenticateBy(client, bearer, { backupCode: backupCodes[5] })).status).toBe(200);
      expect(await countMails(client, owner.email, 'two_factor_enabled')).toBe(1);
      expect(await countEvents(client, owner, 'two_factor_enabled')).toBe(1);
    },
  );

  test.each([1, 2])('at round trip %i of turning off turns off once', async (trip) => {
    const user = await twoFactorUser(client);
    const code = await freshCode(client, user);
    const answer = await disable(await lose(trip), user.accessToken, { code });
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });
    await expectNotAsked(client, user);
    expect(await countMails(client, user.email, 'two_factor_disabled')).toBe(1);
    expect(await countEvents(client, user, 'two_factor_disabled')).toBe(1);
    expect(await missesOf(client, user)).toBe(0);
  });

  test('at new backup codes leaves the set that was answered, and one mail', async () => {
    const user = await twoFactorUser(client);
    const answer = await renewCodes(await lose(1), user.accessToken);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
    const proof = { backupCode: answer.json.backupCodes[0] };
    expect((await completeChallenge(client, await challenge(client, user), proof)).status).toBe(200);
    expect((await listFactors(client, user.accessToken)).json.backupCodesLeft).toBe(9);
    expect(await countMails(client, user.email, 'backup_codes_renewed')).toBe(1);
    expect(await countEvents(client, user, 'backup_codes_renewed')).toBe(1);
  });

  test.each([1, 2])(
    'at round trip %i of a re-authentication leaves the session that was answered',
    async (trip) => {
      const user = await twoFactorUser(client);
      const answer = await reauthenticateBy(await lose(trip), user.accessToken, {
        backupCode: user.backupCodes[0],
      });
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });
      expect((await client.get('/api/auth/me', { bearer: answer.json.accessToken })).status).toBe(200);
      expect(await countMails(client, user.email, 'backup_code_used')).toBe(1);
      expect(await countEvents(client, user, 'reauthentication')).toBe(1);
    },
  );

  test('at the list of factors, and of trusted devices, is read again', async () => {
    const user = await twoFactorUser(client);
    for (const list of [listFactors, listTrusted])
      expect(await list(await lose(1), user.accessToken)).toMatchObject({ status: 200, roundTrips: 2 });
  });

  test('at the end of trust in a device is answered 200', async () => {
    const user = await twoFactorUser(client);
    const { answer } = await trustDevice(client, user);
    const bearer = answer.json.accessToken;
    const [device] = (await listTrusted(client, bearer)).json.trustedDevices;
    const forgotten = await forget(await lose(1), bearer, device.id);
    expect(forgotten, forgotten.text).toMatchObject({ status: 200, roundTrips: 2 });
    expect(await countEvents(client, user, 'trusted_device')).toBe(1);
  });

  test.each([1, 2])(
    "at round trip %i of the operator's reset announces one, with one mail of which the link is good",
    async (trip) => {
      const user = await twoFactorUser(client);
      const answer = await requestReset(await lose(trip), user.userId);
      expect(answer, answer.text).toMatchObject({ status: 202, roundTrips: 3 });
      expect((await requestReset(client, user.userId)).json.effectiveAt).toBe(answer.json.effectiveAt);
      expect(await countMails(client, user.email, 'two_factor_reset_requested')).toBe(1);
      expect(await countEvents(client, user, 'two_factor_reset_announced')).toBe(1);
      expect(
        (await keep(client, await tokenFrom(client, user.email, 'two_factor_reset_requested'))).status,
      ).toBe(200);
    },
  );

  test('at keeping two-factor is answered 200, and has happened once', async () => {
    const user = await twoFactorUser(client);
    await requestReset(client, user.userId);
    const token = await tokenFrom(client, user.email, 'two_factor_reset_requested');
    const answer = await keep(await lose(1), token);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
    expect(await countEvents(client, user, 'two_factor_kept')).toBe(1);
    expectRefused(await keep(client, token), 400, 'token_invalid');
  });

  test.each([1, 2, 3])(
    "at round trip %i of the sign-in after an operator's reset ends the factor once",
    async (trip) => {
      const user = await twoFactorUser(client);
      await requestReset(client, user.userId);
      await passResetDelay(client, user);
      const answer = await logInAs(await lose(trip), user);
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 4 });
      expect((await client.get('/api/auth/me', { bearer: answer.json.accessToken })).json.user).toMatchObject(
        {
          twoFactorEnabled: false,
        },
      );
      expect(await countMails(client, user.email, 'two_factor_reset')).toBe(1);
      expect(await countEvents(client, user, 'two_factor_reset')).toBe(1);
    },
  );
});

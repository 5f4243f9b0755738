import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { changePassword, expectAlive } from '../features/password/signed-in-owner.ts';
import { type SignedIn, signIn } from '../features/sessions/session-fixtures.ts';
import { freshClient, password } from '../support/accounts.ts';
import type { Answer } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { mailsTo } from '../support/mailbox.ts';
import { describe, roundsOf } from '../support/races.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  type TwoFactorUser,
  twoFactorUser,
  wrongCode,
} from '../support/two-factor.ts';
import { headStartOf, releaseTogether } from './held-calls.ts';
import { heldUntilRepeated, holdRows } from './hold-rows.ts';
import { atOnce, crowdOf } from './together.ts';
import {
  countEvents,
  countOpenedAfter,
  enable,
  expectConsistent,
  expectNoDeadlock,
  noteEnds,
  patientClient,
  reauthenticateBy,
  setMisses,
  startSetup,
  stateOf,
  tally,
} from './two-factor-state.ts';
import { untilAsleep } from './until-asleep.ts';
import { untilWaiting } from './until-waiting.ts';

const client = patientClient();
/** Repeats what takes a second. */
const impatient = patientClient({ DATABASE_TIMEOUT_MS: '1000' });

beforeAll(async () => {
  await noteEnds();
});
afterEach(() => vi.restoreAllMocks());
expectNoDeadlock();

const signOutEverywhere = ({ accessToken }: TwoFactorUser) =>
  client.call('DELETE', '/api/auth/sessions', { bearer: accessToken });
const kindsOf = async ({ email }: { readonly email: string }) =>
  (await mailsTo(client, email)).map(({ kind }) => kind);
/** The row that every change of an account waits for. */
const userRow = ({ userId }: { readonly userId: string }) =>
  sql`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`;

describe('a request that is still running when it is repeated (DBF-10)', { timeout: 60_000 }, () => {
  test('as a second step opens one session, uses one backup code, and tells once', async () => {
    const users = await atOnce(3, () => twoFactorUser(client));
    const challenges = await atOnce(3, (index) => challenge(client, users[index]!));
    const answers = await heldUntilRepeated(
      users.map(userRow),
      users.map(
        ({ backupCodes }, n) =>
          () =>
            completeChallenge(impatient, challenges[n]!, { backupCode: backupCodes[0], trustDevice: true }),
      ),
    );
    for (const [index, user] of users.entries()) {
      expect(answers[index], answers[index]!.text).toMatchObject({ status: 200, roundTrips: 3 });
      expect(await stateOf(user.userId)).toMatchObject({ sessions: 2, trusted: 1, misses: 0 });
      expect(await countEvents(user.userId, 'second_factor')).toBe(1);
      const kinds = await kindsOf(user);
      expect(kinds.filter((kind) => kind === 'backup_code_used' || kind === 'new_device')).toHaveLength(2);
    }
  });

  test('as the fiftieth wrong code counts once, and withdraws the password once', async () => {
    const user = await twoFactorUser(client);
    const asked = await challenge(client, user);
    await setMisses(user, 49);
    const code = wrongCode(user.secret);
    const calls = [() => completeChallenge(impatient, asked, { code })];
    const [answer] = await heldUntilRepeated([userRow(user)], calls);
    expect(answer, answer!.text).toMatchObject({ status: 401, roundTrips: 3 });
    const state = { misses: 50, sessions: 1, has_password: false };
    expect(await stateOf(user.userId)).toMatchObject(state);
    expect((await kindsOf(user)).filter((kind) => kind === 'password_withdrawn')).toHaveLength(1);
  });

  test('as a wrong code, behind a right one, ends nothing that the right one opened (OTP-14)', async () => {
    const user = await twoFactorUser(client);
    const [wrong, right] = await atOnce(2, () => challenge(client, user));
    const [missed, opened] = await Promise.all(
      await holdRows([userRow(user)], async () => {
        const miss = completeChallenge(impatient, wrong!, {
          code: wrongCode(user.secret),
        });
        await untilWaiting(1);
        const step = completeChallenge(client, right!, { code: await freshCode(client, user) });
        await untilWaiting(2);
        // The repeat of the wrong one comes last.
        await untilWaiting(3);
        return [miss, step];
      }),
    );
    expect([missed!.status, missed!.roundTrips]).toEqual([401, 3]);
    expect(opened!.status, opened!.text).toBe(200);
    expect(await stateOf(user.userId)).toMatchObject({ sessions: 2, has_password: true });
    const me = await client.get('/api/auth/me', { bearer: opened!.json.accessToken });
    expect(me.status, me.text).toBe(200);
  });

  test('as an enrolment turns two-factor on once, with the backup codes that it answers', async () => {
    const owner = await signIn(client);
    const secret = await startSetup(client, owner.accessToken, owner.userId);
    const calls = [() => enable(impatient, owner.accessToken, codeAt(secret))];
    const [answer] = await heldUntilRepeated([userRow(owner)], calls);
    expect(answer, answer!.text).toMatchObject({ status: 200, roundTrips: 3 });
    await expectAlive(client, answer!);
    const [backupCode] = answer!.json.backupCodes;
    const used = await completeChallenge(client, await challenge(client, owner), { backupCode });
    expect(used.status, used.text).toBe(200);
    expect(await countEvents(owner.userId, 'two_factor_enabled')).toBe(1);
    expect((await kindsOf(owner)).filter((kind) => kind === 'two_factor_enabled')).toHaveLength(1);
    await expectConsistent();
  });

  test('as a re-authentication takes its code once, and goes on', async () => {
    const user = await twoFactorUser(client);
    const proof = { backupCode: user.backupCodes[0] };
    const calls = [() => reauthenticateBy(impatient, user.accessToken, proof)];
    const [answer] = await heldUntilRepeated([userRow(user)], calls);
    expect(answer, answer!.text).toMatchObject({ status: 200, roundTrips: 3 });
    await expectAlive(client, answer!);
    expect(await stateOf(user.userId)).toMatchObject({ sessions: 1, misses: 0 });
    expect((await kindsOf(user)).filter((kind) => kind === 'backup_code_used')).toHaveLength(1);
  });

  test.each([
    ['the end of two-factor', 'disable', 'two_factor_disabled', false],
    ['a renewal of the backup codes', 'backup-codes', 'backup_codes_renewed', true],
  ] as const)('as %s happens once, and is told once', async (_name, action, reason, isOn) => {
    const user = await twoFactorUser(client);
    const body = action === 'disable' ? { backupCode: user.backupCodes[0] } : undefined;
    const path = `/api/auth/two-factor/${action}`;
    const calls = [() => impatient.post(path, body, { bearer: user.accessToken })];
    const [answer] = await heldUntilRepeated([userRow(user)], calls);
    expect(answer!.status, answer!.text).toBe(200);
    expect(answer!.roundTrips).toBe(action === 'disable' ? 3 : 2);
    expect(await stateOf(user.userId)).toMatchObject({ is_on: isOn, sessions: 1, misses: 0 });
    expect(await countEvents(user.userId, reason)).toBe(1);
    expect((await kindsOf(user)).filter((kind) => kind === reason)).toHaveLength(1);
    await expectConsistent();
  });
});

const crowd = crowdOf(20);

/** What came last is let go first in every other round, so that the end is now before the sign-ins, now behind them. */
describe(`${crowd} sign-ins on a trusted device`, { timeout: 240_000 }, () => {
  const forgetAll = async ({ accessToken: bearer }: TwoFactorUser) => {
    const { json } = await client.get('/api/auth/trusted-devices', { bearer });
    const { id } = json.trustedDevices[0];
    return () => client.call('DELETE', `/api/auth/trusted-devices/${id}`, { bearer });
  };
  const endings: [name: string, prepare: (user: TwoFactorUser) => Promise<() => Promise<Answer>>][] = [
    ['the device is forgotten', forgetAll],
    ['its owner signs out everywhere', async (user) => () => signOutEverywhere(user)],
    ['the password is changed', async (user) => () => changePassword(client, user)],
  ];

  test.each(endings)('while %s: none opens a session behind that', async (name, prepare) => {
    const outcomes = new Set<string>();
    for (let round = 0; round < roundsOf(30, outcomes.size < 2); round++) {
      const user = await twoFactorUser(client);
      const proof = { code: await freshCode(client, user), trustDevice: true };
      const first = await completeChallenge(client, await challenge(client, user), proof);
      const { trustedDeviceToken } = first.json;
      const end = await prepare(user);
      const body = { email: user.email, password, trustedDeviceToken };
      releaseTogether(/INSERT INTO sessions|DELETE FROM trusted_devices/, crowd + 1, headStartOf(round));
      const [ended, ...logins] = await Promise.all([
        scheduler.wait(round).then(end),
        ...Array.from({ length: crowd }, () =>
          client.post('/api/auth/login', body, { headers: freshClient() }),
        ),
      ]);
      vi.restoreAllMocks();
      expect(ended.status, ended.text).toBe(200);
      expect(await countOpenedAfter(user.userId, 'trusted_devices')).toBe(0);
      for (const login of logins) {
        outcomes.add(login.json.accessToken ? 'session' : 'none');
        if (name === 'the password is changed' && login.status === 401) continue;
        expect(login.status, login.text).toBe(200);
      }
      if (name !== 'the device is forgotten')
        for (const { json } of logins.filter((login) => login.json.accessToken))
          expect((await client.get('/api/auth/me', { bearer: json.accessToken })).status).toBe(401);
      const later = await client.post('/api/auth/login', body, { headers: freshClient() });
      expect(later.json.accessToken).toBeUndefined();
    }
    expect(outcomes).toEqual(new Set(['session', 'none']));
  });

  test('that come while the end of the trust is not committed yet wait, and are challenges', async () => {
    const user = await twoFactorUser(client);
    const proof = { code: await freshCode(client, user), trustDevice: true };
    const { json } = await completeChallenge(client, await challenge(client, user), proof);
    const { sessions } = (await stateOf(user.userId))!;
    const ending = openDatabase().batch([
      sql`SELECT u.id FROM users u WHERE u.id = ${user.userId}::uuid FOR NO KEY UPDATE`,
      sql`DELETE FROM trusted_devices WHERE user_id = ${user.userId}::uuid`,
      sql`SELECT pg_sleep(1)`,
    ]);
    await untilAsleep(1);
    const body = { email: user.email, password, trustedDeviceToken: json.trustedDeviceToken };
    const logins = await atOnce(crowd, () =>
      client.post('/api/auth/login', body, { headers: freshClient() }),
    );
    await ending;
    for (const login of logins) expect(login.json.twoFactorRequired, login.text).toBe(true);
    expect((await stateOf(user.userId))!.sessions).toBe(sessions);
  });
});

describe('two-factor that is turned on', { timeout: 240_000 }, () => {
  test('while many logins are on their way: each opens a session before, or is a challenge (SES-18)', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < roundsOf(30, outcomes.size < 2); round++) {
      const owner: SignedIn = await signIn(client);
      const secret = await startSetup(client, owner.accessToken, owner.userId);
      const logIn = () =>
        client.post('/api/auth/login', { email: owner.email, password }, { headers: freshClient() });
      releaseTogether(/INSERT INTO sessions|UPDATE factors f SET added_at/, crowd + 1, headStartOf(round));
      const [enabled, ...logins] = await Promise.all([
        scheduler
          .wait(round)
          .then(() => enable(client, owner.accessToken, codeAt(secret)))
          .then(async (answer) => Object.assign(answer, { later: await logIn() })),
        ...Array.from({ length: crowd }, logIn),
      ]);
      vi.restoreAllMocks();
      expect(enabled.status, enabled.text).toBe(200);
      expect(enabled.later.json).toMatchObject({ twoFactorRequired: true });
      expect(Object.keys(tally(logins))).toEqual(['200']);
      for (const { json } of logins) outcomes.add(json.accessToken ? 'session' : 'challenge');
      expect(await countOpenedAfter(owner.userId, 'factors')).toBe(0);
      await expectConsistent();
    }
    expect(outcomes).toEqual(new Set(['session', 'challenge']));
  });
});

import { expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { expectAlive } from '../features/password/signed-in-owner.ts';
import { signIn } from '../features/sessions/session-fixtures.ts';
import { mailsTo } from '../support/mailbox.ts';
import { describe } from '../support/races.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  twoFactorUser,
  wrongCode,
} from '../support/two-factor.ts';
import { heldUntilRepeated, holdRows } from './hold-rows.ts';
import {
  countEvents,
  enable,
  expectConsistent,
  patientClient,
  reauthenticateBy,
  setMisses,
  startSetup,
  stateOf,
} from './two-factor-state.ts';
import { untilWaiting } from './until-waiting.ts';

const client = patientClient();
/** Repeats what takes a second. */
const impatient = patientClient({ DATABASE_TIMEOUT_MS: '1000' });

const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const kindsOf = async ({ email }: { readonly email: string }) =>
  (await mailsTo(client, email)).map(({ kind }) => kind);
/** The row that every change of an account waits for. */
const userRow = ({ userId }: { readonly userId: string }) =>
  sql`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`;

describe('a request that is still running when it is repeated (DBF-10)', { timeout: 60_000 }, () => {
  test('as a second step opens one session, uses one backup code, and tells once', async () => {
    const users = await times(3, () => twoFactorUser(client));
    const challenges = await times(3, (index) => challenge(client, users[index]!));
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
    const [wrong, right] = await times(2, () => challenge(client, user));
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

import { afterEach, expect, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { signInAgain } from '../features/password/signed-in-owner.ts';
import { signIn } from '../features/sessions/session-fixtures.ts';
import type { Answer } from '../support/client.ts';
import { query } from '../support/database.ts';
import { mailsTo } from '../support/mailbox.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  signInWithCode,
  type TwoFactorUser,
  twoFactorUser,
  wrongCode,
} from '../support/two-factor.ts';
import { headStartOf, releaseTogether } from './held-calls.ts';
import { atOnce, crowdOf, together } from './together.ts';
import {
  accepting,
  countEvents,
  enable,
  forgetChecks,
  patientClient,
  reauthenticateBy,
  setMisses,
  startSetup,
  stateOf,
  tally,
} from './two-factor-state.ts';

const client = patientClient();

afterEach(() => vi.restoreAllMocks());

const kindsOf = async ({ email }: { readonly email: string }) =>
  (await mailsTo(client, email)).map(({ kind }) => kind);

/** Half of them, so that two halves of one crowd are as many. */
const half = crowdOf(20) >> 1;
const crowd = 2 * half;

/** Devices of one account on each of which somebody completed a second step: each has checks of its own. */
interface Device {
  readonly headers: Readonly<Record<string, string>>;
  accessToken: string;
}

async function knownDevices(user: TwoFactorUser, count: number): Promise<Device[]> {
  const devices: Device[] = [];
  for (let index = 0; index < count; index++) {
    const { headers, json } = await signInWithCode(client, user);
    const token = headers.get('X-Device-Token') ?? '';
    devices.push({ headers: { 'X-Device-Token': token }, accessToken: json.accessToken });
  }
  return devices;
}

/** One proof per round: a code of the present step, which counts as unused, or the next backup code. */
const proofs: [name: string, proofOf: (user: TwoFactorUser, round: number) => Promise<object>][] = [
  ['code (OTP-01)', async (user) => ({ code: await freshCode(client, user) })],
  ['backup code (OTP-11)', async ({ backupCodes }, round) => ({ backupCode: backupCodes[round % 10] })],
];

describe.each(proofs)('one %s at once', { timeout: 120_000 }, (_name, proofOf) => {
  test(`over ${half} challenges and ${half} sessions that authenticate again is taken once in all`, async () => {
    const user = await twoFactorUser(client);
    const devices = await knownDevices(user, crowd);
    for (let round = 0; round < roundsOf(10); round++) {
      await forgetChecks();
      const challenges = await atOnce(half, (index) => challenge(client, user, {}, devices[index]));
      const { sessions } = (await stateOf(user.userId))!;
      const proof = { ...(await proofOf(user, round)) };
      const uses = challenges.flatMap((asked, index) => [
        () => completeChallenge(client, asked, proof, devices[index]),
        () => reauthenticateBy(client, devices[half + index]!.accessToken, proof),
      ]);
      const answers = await together(accepting, uses);
      expect(tally(answers)).toEqual({ '200': 1, '401 invalid_code': crowd - 1 });
      const won = answers.findIndex(({ status }) => status === 200);
      const isRenewed = won % 2 === 1;
      if (isRenewed) devices[half + (won - 1) / 2]!.accessToken = answers[won]!.json.accessToken;
      expect((await stateOf(user.userId))!.sessions).toBe(sessions + (isRenewed ? 0 : 1));
    }
  });

  test(`${crowd} times for one challenge opens one session (OTP-09)`, async () => {
    for (let round = 0; round < roundsOf(10); round++) {
      const user = await twoFactorUser(client);
      const asked = await challenge(client, user);
      const proof = { ...(await proofOf(user, round)) };
      const uses = Array.from({ length: crowd }, () => () => completeChallenge(client, asked, proof));
      // The others are refused before anything is compared.
      const answers = await together(accepting, uses, 0, 5);
      expect(tally(answers)).toEqual({ '200': 1, '401 challenge_expired': crowd - 1 });
      expect((await stateOf(user.userId))!.sessions).toBe(2);
    }
  });
});

test('five right backup codes for one challenge at once open one session (OTP-09)', async () => {
  for (let round = 0; round < roundsOf(20); round++) {
    const user = await twoFactorUser(client);
    const asked = await challenge(client, user);
    const uses = user.backupCodes
      .slice(0, 5)
      .map((backupCode) => () => completeChallenge(client, asked, { backupCode }));
    const answers = await together(accepting, uses);
    expect(tally(answers)).toEqual({ '200': 1, '401 challenge_expired': 4 });
    expect((await stateOf(user.userId))!.sessions).toBe(2);
  }
}, 60_000);

describe('wrong codes at once', { timeout: 120_000 }, () => {
  test('over many challenges: ten are checked, one lock is recorded and told, and the right code waits (OTP-02, LIM-03)', async () => {
    for (let round = 0; round < roundsOf(10); round++) {
      const user = await twoFactorUser(client);
      const challenges: Answer[] = [];
      // By sixes, since each has a password hashed, and there is not room for more at once on a busy machine.
      while (challenges.length < crowdOf(54))
        challenges.push(...(await atOnce(6, () => challenge(client, user))));
      const code = wrongCode(user.secret);
      const answers = await together(
        /challenge:/,
        challenges.map((asked) => () => completeChallenge(client, asked, { code })),
      );
      expect(tally(answers)).toEqual({
        '401 invalid_code': 10,
        '429 too_many_attempts': challenges.length - 10,
      });
      expect((await stateOf(user.userId))!.misses).toBe(10);
      expect(await countEvents(user.userId, 'authn_login_lock')).toBe(1);
      expect(await countEvents(user.userId, 'wrong_code')).toBe(10);
      expect((await kindsOf(user)).filter((kind) => kind === 'second_factor_locked')).toHaveLength(1);
      const right = await completeChallenge(client, challenges[0]!, { code: await freshCode(client, user) });
      expect([right.status, right.json.code]).toEqual([429, 'too_many_attempts']);
      expect((await stateOf(user.userId))!.sessions).toBe(1);
    }
  });

  test(`${crowd} for one challenge: five are checked (OTP-02)`, async () => {
    for (let round = 0; round < roundsOf(10); round++) {
      const user = await twoFactorUser(client);
      const asked = await challenge(client, user);
      const code = wrongCode(user.secret);
      const uses = Array.from({ length: crowd }, () => () => completeChallenge(client, asked, { code }));
      const answers = await together(/challenge:/, uses);
      expect(tally(answers)).toEqual({ '401 invalid_code': 5, '401 challenge_expired': crowd - 5 });
      expect((await stateOf(user.userId))!.misses).toBe(5);
    }
  });

  test('among them the fiftieth: the password is withdrawn once, with one mail (OTP-14)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const user = await twoFactorUser(client);
      const { json } = await completeChallenge(client, await challenge(client, user), {
        ...{ code: await freshCode(client, user), trustDevice: true },
      });
      expect(json.trustedDeviceToken).toBeDefined();
      const challenges = await atOnce(5, () => challenge(client, user));
      await setMisses(user, 49);
      const code = wrongCode(user.secret);
      const answers = await together(
        /INSERT INTO second_factor_devices AS d/,
        challenges.map((asked) => () => completeChallenge(client, asked, { code })),
      );
      expect(tally(answers)).toEqual({ '401 invalid_code': 1, '401 challenge_expired': 4 });
      expect(await stateOf(user.userId)).toMatchObject({
        // Nobody missed in a session.
        ...{ misses: 50, sessions: 2, challenges: 0, trusted: 0 },
        ...{ has_password: false, is_on: true },
      });
      expect(await countEvents(user.userId, 'password_withdrawn')).toBe(1);
      expect((await kindsOf(user)).filter((kind) => kind === 'password_withdrawn')).toHaveLength(1);
      const links = await query(
        sql`SELECT FROM one_time_tokens t WHERE t.owner_id = ${user.userId}::uuid AND t.kind = 'reset_password'`,
      );
      expect(links).toHaveLength(1);
    }
  });
});

describe('two at once', { timeout: 120_000 }, () => {
  test('that enable one setup: one is 200, and its backup codes are the ones that work', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const owner = await signIn(client);
      const other = round % 2 === 0 ? owner : await signInAgain(client, owner.email);
      const secret = await startSetup(client, owner.accessToken, owner.userId);
      const code = codeAt(secret);
      const answers = await together(/UPDATE factors f SET added_at/, [
        () => enable(client, owner.accessToken, code),
        () => enable(client, other.accessToken, code),
      ]);
      expect(tally(answers)).toEqual({ '200': 1, '409 two_factor_setup_required': 1 });
      const { backupCodes } = answers.find(({ status }) => status === 200)!.json;
      expect(await stateOf(owner.userId)).toMatchObject({ is_on: true, backup_codes: 10 });
      const asked = await challenge(client, owner);
      const used = await completeChallenge(client, asked, { backupCode: backupCodes[round % 10] });
      expect(used.status, used.text).toBe(200);
      expect((await kindsOf(owner)).filter((kind) => kind === 'two_factor_enabled')).toHaveLength(1);
    }
  });

  test('of which one enables a setup and one starts another: one of them alone counts', async () => {
    const winners = new Set<string>();
    for (let round = 0; round < roundsOf(30, winners.size < 2); round++) {
      const owner = await signIn(client);
      const other = round % 2 === 0 ? owner : await signInAgain(client, owner.email);
      const secret = await startSetup(client, owner.accessToken, owner.userId);
      const starts = [
        () => enable(client, owner.accessToken, codeAt(secret)),
        () => client.post('/api/auth/two-factor/setup', undefined, { bearer: other.accessToken }),
      ];
      releaseTogether(/UPDATE factors f SET added_at|INSERT INTO factors/, 2, headStartOf(round));
      const [enabled, started] = await Promise.all(starts.map((start) => start()));
      vi.restoreAllMocks();
      winners.add(enabled!.status === 200 ? 'enable' : 'setup');
      if (enabled!.status === 200) {
        expect(started!.json.code).toBe(other === owner ? 'unauthenticated' : 'reauthentication_required');
        expect(await factorsOf(owner.userId)).toEqual([{ is_on: true }]);
        continue;
      }
      expect([enabled!.status, enabled!.json.code]).toEqual([409, 'two_factor_setup_required']);
      expect(started!.status, started!.text).toBe(200);
      expect(await factorsOf(owner.userId)).toEqual([{ is_on: false }]);
      const again = await enable(client, owner.accessToken, codeAt(started!.json.secret));
      expect(again.status, again.text).toBe(200);
    }
    expect(winners).toEqual(new Set(['enable', 'setup']));
  });

  test('that renew the backup codes: the last set alone works', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const user = await twoFactorUser(client);
      const renew = () =>
        client.post('/api/auth/two-factor/backup-codes', undefined, { bearer: user.accessToken });
      const answers = await together(/INSERT INTO backup_codes/, [renew, renew]);
      expect(tally(answers)).toEqual({ '200': 2 });
      expect((await stateOf(user.userId))!.backup_codes).toBe(10);
      const uses: number[] = [];
      for (const [backupCode] of [...answers.map(({ json }) => json.backupCodes), user.backupCodes])
        uses.push((await completeChallenge(client, await challenge(client, user), { backupCode })).status);
      expect(uses.toSorted()).toEqual([200, 401, 401]);
      expect(uses[2]).toBe(401);
    }
  });
});

function factorsOf(userId: string): Promise<{ is_on: boolean }[]> {
  return query(sql`SELECT f.added_at IS NOT NULL AS is_on FROM factors f WHERE f.user_id = ${userId}::uuid`);
}

import { afterEach, expect, inject, test, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { reset } from '../features/password/password-reset.ts';
import { claimsOf } from '../features/sessions/session-fixtures.ts';
import { socialClient } from '../features/social/people.ts';
import { freshClient, otherPassword, password } from '../support/accounts.ts';
import type { Answer } from '../support/client.ts';
import { query } from '../support/database.ts';
import { mailsTo, tokenFrom } from '../support/mailbox.ts';
import { describe } from '../support/races.ts';
import { challenge, completeChallenge, freshCode, twoFactorUser, wrongCode } from '../support/two-factor.ts';
import { crowdOf } from './together.ts';

const client = socialClient({
  EMAIL_VERIFICATION: 'off',
  DATABASE_TIMEOUT_MS: '8000',
  LOGIN_ATTEMPTS_MAX: '100',
  RATE_LIMIT_PER_MINUTE: '10000',
});
afterEach(() => vi.restoreAllMocks());
const otherDevices = '00000000-0000-0000-0000-000000000000';
const otherSessions = '00000000-0000-0000-0000-000000000001';

/** Holds the first call from now that matches; others pass. */
function hold(matches: (body: string) => boolean) {
  const send = globalThis.fetch;
  const there = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let count = 0;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    if (typeof init?.body === 'string' && matches(init.body) && ++count === 1) {
      there.resolve();
      await gate.promise;
    }
    return send(input, init);
  });
  return { isThere: there.promise, go: gate.resolve };
}
const isMiss = (body: string) =>
  body.includes('INSERT INTO second_factor_devices AS d (user_id, device_id, misses, last');
const setMisses = (userId: string, device: string, n: number) =>
  query(sql`
  INSERT INTO second_factor_devices AS d (user_id, device_id, misses) VALUES (${userId}::uuid, ${device}::uuid, ${n}::int)
  ON CONFLICT (user_id, device_id) DO UPDATE SET misses = ${n}::int`);

describe('a wrong code in flight (OTP-14)', { timeout: 120_000 }, () => {
  test('a wrong code by a session that is renewed meanwhile is noted on it all the same', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    const s = (await completeChallenge(client, first, { code: await freshCode(client, user) })).json;
    const held = hold(isMiss);
    const guess = client.post(
      '/api/auth/reauthenticate',
      { code: wrongCode(user.secret) },
      { bearer: s.accessToken },
    );
    await held.isThere;
    const renewed = await client.post('/api/auth/reauthenticate', { password }, { bearer: s.accessToken });
    expect(renewed.status).toBe(200);
    held.go();
    expect((await guess).json.code).toBe('invalid_code');
    const rows = await query(
      sql`SELECT FROM sessions WHERE user_id = ${user.userId}::uuid AND second_factor_missed_at IS NOT NULL`,
    );
    expect(rows).toHaveLength(1);
  });
});

describe('wrong codes at once (OTP-14)', { timeout: 120_000 }, () => {
  test('of many wrong codes at once at 45 one begins the recovery, one mail; then five a day, over sign-ins and sessions', async () => {
    for (let round = 0; round < (inject('isFull') ? 3 : 1); round++) {
      const user = await twoFactorUser(client);
      const s: string[] = [];
      for (let i = 0; i < crowdOf(15); i++) {
        const c = await challenge(client, user);
        const j = (await completeChallenge(client, c, { code: await freshCode(client, user) })).json;
        const { sid } = claimsOf(j.accessToken);
        await query(sql`UPDATE sessions SET device_id = gen_random_uuid() WHERE id = ${String(sid)}::uuid`);
        s.push(j.accessToken);
      }
      const open2: Answer[] = [];
      for (let i = 0; i < crowdOf(20); i++) open2.push(await challenge(client, user));
      await setMisses(user.userId, otherDevices, 45);
      await setMisses(user.userId, otherSessions, 45);
      await query(sql`DELETE FROM login_attempts WHERE bucket LIKE ${`second-factor:${user.userId}:%`}`);
      await Promise.all([
        ...open2.map((c) => completeChallenge(client, c, { code: wrongCode(user.secret) })),
        ...s.map((bearer) =>
          client.post(
            '/api/auth/reauthenticate',
            { code: wrongCode(user.secret) },
            { bearer, headers: freshClient() },
          ),
        ),
      ]);
      const mails = (await mailsTo(client, user.email)).filter(({ kind }) => kind === 'password_withdrawn');
      expect(mails).toHaveLength(1);
      // five a day
      expect((await reset(client, await tokenFrom(client, user.email, 'password_withdrawn'))).status).toBe(
        200,
      );
      await query(sql`DELETE FROM login_attempts WHERE bucket LIKE ${`second-factor:${user.userId}:%`}`);
      const open3: Answer[] = [];
      for (let i = 0; i < crowdOf(20); i++)
        open3.push(await challenge(client, user, { password: otherPassword }));
      const again = await Promise.all(
        open3.map((c) => completeChallenge(client, c, { code: wrongCode(user.secret) })),
      );
      expect(again.filter(({ status }) => status === 401)).toHaveLength(5);
      expect(
        (await mailsTo(client, user.email)).filter(({ kind }) => kind === 'password_withdrawn'),
      ).toHaveLength(1);
    }
  });

  test('one backup code on many challenges at once after guesses: one', async () => {
    const user = await twoFactorUser(client);
    await setMisses(user.userId, otherDevices, 50);
    const open: Answer[] = [];
    for (let i = 0; i < crowdOf(20); i++) open.push(await challenge(client, user));
    const [backupCode] = user.backupCodes;
    const answers = await Promise.all(open.map((c) => completeChallenge(client, c, { backupCode })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

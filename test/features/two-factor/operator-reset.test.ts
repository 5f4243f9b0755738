import { describe, expect, test } from 'vitest';
import { runScheduled } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import { openMail } from '../../../src/mail/prepared-mail.ts';
import { recordLog } from '../../contract/recorded-log.ts';
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
import { move } from '../email-change/mover.ts';
import { linkFor, reset } from '../password/password-reset.ts';
import { keyringOf } from '../sessions/session-fixtures.ts';
import {
  change,
  countEvents,
  countMails,
  databaseOf,
  disable,
  enable,
  eventsOf,
  expectAsked,
  expectNotAsked,
  expectRefused,
  keep,
  kindsTo,
  listFactors,
  listTrusted,
  logInAs,
  passResetDelay,
  reauthenticateBy,
  requestReset,
  startSetup,
  trustDevice,
  verifiedUser,
} from './calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const variables = { EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret };
const client = new TestClient(variables);
const requested = 'two_factor_reset_requested';

/** When a reset of the user becomes effective; null when none waits. */
async function waitsUntil({ userId }: { readonly userId: string }): Promise<Date | null> {
  const [row] = await databaseOf(client).query<{ at: Date | null }>(
    sql`SELECT two_factor_reset_at AS at FROM users WHERE id = ${userId}::uuid`,
  );
  return row?.at ?? null;
}

/** An account of which the operator's reset waits, with the token of the mail that stops it. */
async function announced() {
  const user = await twoFactorUser(client);
  const answer = await requestReset(client, user.userId);
  expect(answer.status, answer.text).toBe(202);
  return { user, answer, token: await tokenFrom(client, user.email, requested) };
}

describe('POST /api/admin/users/:id/two-factor/reset', () => {
  test.each([undefined, '1', '168'])(
    'is effective TWO_FACTOR_RESET_DELAY_HOURS later, %s of them, in two round trips (OTP-15)',
    async (hours) => {
      const by = new TestClient({ ...variables, TWO_FACTOR_RESET_DELAY_HOURS: hours });
      const user = await twoFactorUser(client);
      const answer = await requestReset(by, user.userId);
      expect(answer, answer.text).toMatchObject({ status: 202, roundTrips: 2, setCookies: [] });
      expect(answer.json).toStrictEqual({ success: true, effectiveAt: expect.any(String) });
      const { effectiveAt } = answer.json;
      expect(new Date(effectiveAt).toISOString()).toBe(effectiveAt);
      const due = Date.now() + Number(hours ?? 24) * 3_600_000;
      expect(Math.abs(Date.parse(effectiveAt) - due)).toBeLessThan(60_000);
      expect((await waitsUntil(user))?.toISOString()).toBe(effectiveAt);
    },
  );

  test('asked for again answers the same time in one round trip, and mails and records nothing again (OTP-15)', async () => {
    const { user, answer } = await announced();
    const longer = new TestClient({ ...variables, TWO_FACTOR_RESET_DELAY_HOURS: '1' });
    for (const by of [client, longer, client]) {
      const again = await requestReset(by, user.userId);
      expect(again).toMatchObject({ status: 202, roundTrips: 1 });
      expect(again.json.effectiveAt).toBe(answer.json.effectiveAt);
    }
    expect(await countMails(client, user.email, requested)).toBe(1);
    expect(await countEvents(client, user, 'two_factor_reset_announced')).toBe(1);
  });

  test('removes nothing yet: the second factor is asked for, and takes its codes', async () => {
    const { user } = await announced();
    await expectAsked(client, user);
    expect((await listFactors(client, user.accessToken)).json).toMatchObject({ backupCodesLeft: 10 });
    const me = await client.get('/api/auth/me', { bearer: user.accessToken });
    expect(me.json.user.twoFactorEnabled).toBe(true);
  });

  test.each([
    ['nobody has', crypto.randomUUID()],
    ['is none', 'not-an-id'],
    ['is an injection', "'; DROP TABLE users; --"],
  ])('answers 404 for an id that %s', async (_what, id) => {
    expectRefused(await requestReset(client, encodeURIComponent(id)), 404, 'user_not_found');
  });

  test('answers 409 for an account without a second factor, of which no setup is one', async () => {
    const owner = await verifiedUser(client);
    await startSetup(client, owner.accessToken);
    const refused = await requestReset(client, owner.userId);
    expectRefused(refused, 409, 'two_factor_not_enabled');
    expect(refused.roundTrips).toBe(1);
    const user = await twoFactorUser(client);
    await disable(client, user.accessToken, { code: await freshCode(client, user) });
    expectRefused(await requestReset(client, user.userId), 409, 'two_factor_not_enabled');
    expect(await kindsTo(client, owner.email)).toEqual([]);
  });

  test('is recorded without the address, browser and place of the operator', async () => {
    const user = await twoFactorUser(client);
    const headers = { 'CF-Connecting-IP': '192.0.2.77', 'User-Agent': 'operator-console/1' };
    await requestReset(client, user.userId, headers);
    const rows = await databaseOf(client).query<Record<string, unknown>>(sql`
      SELECT type, reason, host(ip_address) AS ip, user_agent, location FROM security_events
      WHERE user_id = ${user.userId}::uuid AND reason = 'two_factor_reset_announced'`);
    expect(rows).toEqual([
      {
        ...{ type: 'authz_admin', reason: 'two_factor_reset_announced' },
        ...{ ip: null, user_agent: null, location: null },
      },
    ]);
  });
});

describe("the mail about an operator's reset", () => {
  /** What is sealed in the mails of this kind to an address. */
  async function contentsTo(email: string) {
    const rows = await databaseOf(client).query<{
      id: string;
      kind: string;
      recipient: string;
      sealed: string;
      seconds: number;
    }>(sql`
      SELECT id, kind, recipient, sealed, round(extract(epoch FROM expires_at - created_at))::int AS seconds
      FROM mail_outbox WHERE recipient = ${email} AND kind = ${requested}`);
    const keyring = keyringOf(client);
    return Promise.all(
      rows.map(async (row) => ({ seconds: row.seconds, ...(await openMail(keyring, row))! })),
    );
  }

  test('tells the hours, and neither the device nor the place of the operator (OTP-15)', async () => {
    const by = new TestClient({ ...variables, TWO_FACTOR_RESET_DELAY_HOURS: '5' });
    const user = await twoFactorUser(client);
    await requestReset(by, user.userId, {
      ...{ 'CF-Connecting-IP': '192.0.2.77', 'User-Agent': 'operator-console/1' },
      'Accept-Language': 'de',
    });
    const [content, ...others] = await contentsTo(user.email);
    expect(others).toEqual([]);
    expect(content).toStrictEqual({
      seconds: 5 * 3600,
      token: expect.stringMatching(/^nxk_/),
      facts: { userAgent: null, location: null, delayHours: 5 },
    });
    const [mail] = (await mailsTo(client, user.email)).filter(({ kind }) => kind === requested);
    const shown = await client.get(`/dev/outbox/${mail!.id}`);
    expect(shown.status).toBe(200);
    expect(shown.text).toContain('/auth/keep-two-factor');
    expect(shown.text).toMatch(/5 hours|5 Stunden/);
    expect(shown.text).not.toContain('operator-console');
  });

  test('is told whatever else was mailed to the address before (OTP-15)', async () => {
    const user = await twoFactorUser(client);
    await change(client, sql`UPDATE users SET email_verified_at = NULL WHERE id = ${user.userId}::uuid`);
    await change(
      client,
      sql`INSERT INTO mail_outbox (id, kind, recipient, recipient_key, user_id, request_id, facts, expires_at)
        SELECT gen_random_uuid(), k.kind, u.email, u.address_key, u.id, gen_random_uuid(), '{}', now() + interval '1 day'
        FROM users u, (VALUES ('two_factor_reset_requested'), ('two_factor_reset')) AS k (kind), generate_series(1, 20)
        WHERE u.id = ${user.userId}::uuid`,
    );
    expect((await requestReset(client, user.userId)).status).toBe(202);
    const sealed = (await mailsTo(client, user.email)).filter(
      ({ kind, token }) => kind === 'two_factor_reset_requested' && token !== null,
    );
    expect(sealed).toHaveLength(1);
  });

  test('goes to the address and to every former one that could have the account back, and to no other (OTP-15)', async () => {
    const user = await twoFactorUser(client);
    const second = (await move(client, user)).email;
    const third = (await move(client, { ...user, email: second }, second)).email;
    // The way back to it is over.
    const fourth = (await move(client, { ...user, email: third }, third)).email;
    await change(
      client,
      sql`UPDATE one_time_tokens SET expires_at = now() WHERE kind = 'revert_email' AND target_email = ${third}`,
    );
    expect((await requestReset(client, user.userId)).status).toBe(202);
    const counts: Record<string, number> = {};
    for (const email of [user.email, second, third, fourth])
      counts[email] = await countMails(client, email, requested);
    expect(counts).toEqual({ [user.email]: 1, [second]: 1, [third]: 0, [fourth]: 1 });
  });

  test('has one link, which stops it from whichever address it is followed', async () => {
    const user = await twoFactorUser(client);
    const { email } = await move(client, user);
    await requestReset(client, user.userId);
    const [former, present] = [
      await tokenFrom(client, user.email, requested),
      await tokenFrom(client, email, requested),
    ];
    expect((await keep(client, former)).status).toBe(200);
    expect(await waitsUntil(user)).toBeNull();
    expectRefused(await keep(client, present), 400, 'token_invalid');
    await expectAsked(client, { email });
  });
});

describe('POST /api/auth/two-factor/keep', () => {
  test('stops the reset in one round trip, once, and records it (OTP-15)', async () => {
    const { user, token } = await announced();
    const answer = await keep(client, token);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 1, hashes: 0, setCookies: [] });
    expect(answer.json).toStrictEqual({ success: true, message: expect.any(String) });
    expect(await waitsUntil(user)).toBeNull();
    expect((await eventsOf(client, user)).at(-1)).toBe('user_updated two_factor_kept');
    expectRefused(await keep(client, token), 400, 'token_invalid');
    await expectAsked(client, user);
    expect((await client.get('/api/auth/me', { bearer: user.accessToken })).status).toBe(200);
  });

  test('leaves the operator free to ask again: with a time and a mail of its own', async () => {
    const { user, answer, token } = await announced();
    await keep(client, token);
    const again = await requestReset(client, user.userId);
    expect(again.status).toBe(202);
    expect(Date.parse(again.json.effectiveAt)).toBeGreaterThan(Date.parse(answer.json.effectiveAt));
    expect(await countMails(client, user.email, requested)).toBe(2);
    expectRefused(await keep(client, token), 400, 'token_invalid');
    expect((await keep(client, await tokenFrom(client, user.email, requested))).status).toBe(200);
  });

  test.each(['', 'nxk_', 'token', 'another kind'])(
    'refuses a forged link without a round trip: %s (ENU-09)',
    async (text) => {
      const token = text === 'another kind' ? forgeLink(client, 'not_me').token : text;
      const answer = await keep(client, token);
      expect([answer.status, answer.roundTrips]).toEqual([400, 0]);
    },
  );

  test('refuses one that nobody was sent', async () => {
    const answer = await keep(client, forgeLink(client, 'keep_two_factor').token);
    expectRefused(answer, 400, 'token_invalid');
    expect(answer.roundTrips).toBe(1);
  });

  test('comes too late once the reset is effective', async () => {
    const { user, token } = await announced();
    await passResetDelay(client, user);
    expectRefused(await keep(client, token), 400, 'token_invalid');
    await expectNotAsked(client, user);
    expectRefused(await keep(client, token), 400, 'token_invalid');
  });

  test('by a link that has expired stops nothing', async () => {
    const { user, token } = await announced();
    await change(
      client,
      sql`UPDATE one_time_tokens SET expires_at = now() WHERE owner_id = ${user.userId}::uuid AND kind = 'keep_two_factor'`,
    );
    expectRefused(await keep(client, token), 400, 'token_invalid');
    expect(await waitsUntil(user)).not.toBeNull();
  });

  test('has a link that lives until the reset is effective, and not longer', async () => {
    const by = new TestClient({ ...variables, TWO_FACTOR_RESET_DELAY_HOURS: '168' });
    const user = await twoFactorUser(client);
    const { json } = await requestReset(by, user.userId);
    const [row] = await databaseOf(client).query<{ expires_at: Date }>(sql`
      SELECT expires_at FROM one_time_tokens WHERE owner_id = ${user.userId}::uuid AND kind = 'keep_two_factor'`);
    expect(row?.expires_at.toISOString()).toBe(json.effectiveAt);
  });
});

describe("an operator's reset is cancelled", () => {
  // By what ends a second factor or a way in, closing-table.test.ts tries.
  const cancels: Readonly<Record<string, (user: TwoFactorUser) => Promise<Answer>>> = {
    'a completed second step': (user) => signInWithCode(client, user),
    'a second step by a backup code': async (user) =>
      completeChallenge(client, await challenge(client, user), { backupCode: user.backupCodes[0] }),
    'a code within a session': async (user) =>
      reauthenticateBy(client, user.accessToken, { code: await freshCode(client, user) }),
  };

  test.each(Object.keys(cancels))('by %s (OTP-15)', async (occasion) => {
    const { user, token } = await announced();
    const answer = await cancels[occasion]!(user);
    expect(answer.status, answer.text).toBe(200);
    expect(await waitsUntil(user)).toBeNull();
    expectRefused(await keep(client, token), 400, 'token_invalid');
    // Nothing comes of it later.
    await passResetDelay(client, user);
    const lines = recordLog();
    await runScheduled({ cron: '0 2 * * *' }, client.env);
    expect(lines.length).toBeGreaterThan(0);
    expect(await countMails(client, user.email, 'two_factor_reset')).toBe(0);
  });

  test.each<[what: string, act: (user: TwoFactorUser) => Promise<Answer>]>([
    ['a challenge', (user) => challenge(client, user)],
    [
      'a wrong code',
      async (user) =>
        completeChallenge(client, await challenge(client, user), { code: wrongCode(user.secret) }),
    ],
    ['a reset of the password', async ({ email }) => reset(client, await linkFor(client, email))],
    ['the password within a session', (user) => reauthenticateBy(client, user.accessToken, { password })],
    ['a setup that is not finished', (user) => startSetup(client, user.accessToken)],
  ])('by no %s', async (_what, act) => {
    const { user } = await announced();
    await act(user);
    expect(await waitsUntil(user)).not.toBeNull();
  });

  test('by no sign-in on a trusted device, which passes no second step', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    await requestReset(client, user.userId);
    await expectNotAsked(client, user, { trustedDeviceToken: token });
    expect(await waitsUntil(user)).not.toBeNull();
  });
});

describe("an operator's reset becomes effective", () => {
  /** Checks that nothing is left of a second factor. */
  async function expectGone(user: TwoFactorUser, bearer: string): Promise<void> {
    const me = await client.get('/api/auth/me', { bearer });
    expect(me.json.user.twoFactorEnabled).toBe(false);
    expect((await listFactors(client, bearer)).json).toMatchObject({ factors: [], backupCodesLeft: 0 });
    expect((await listTrusted(client, bearer)).json.trustedDevices).toEqual([]);
    expect(await waitsUntil(user)).toBeNull();
    expect(await countEvents(client, user, 'two_factor_reset')).toBe(1);
    expect(await countMails(client, user.email, 'two_factor_reset')).toBe(1);
    expectRefused(await requestReset(client, user.userId), 409, 'two_factor_not_enabled');
  }

  test('at the first sign-in after it: the password opens a session, and all of the factor is gone (OTP-15)', async () => {
    const user = await twoFactorUser(client);
    await trustDevice(client, user);
    await requestReset(client, user.userId);
    await passResetDelay(client, user);
    const answer = await expectNotAsked(client, user);
    expect(answer.roundTrips).toBe(3);
    expect(answer.json.user.twoFactorEnabled).toBe(false);
    await expectGone(user, answer.json.accessToken);
    expect((await expectNotAsked(client, user)).roundTrips).toBe(2);
    expect(await countMails(client, user.email, 'two_factor_reset')).toBe(1);
    // The account is as one that never had it.
    const { secret } = (await startSetup(client, answer.json.accessToken)).json;
    const again = await enable(client, answer.json.accessToken, codeAt(secret));
    expect(again.status, again.text).toBe(200);
    await expectAsked(client, user);
  });

  test('at no sign-in with a wrong password', async () => {
    const { user } = await announced();
    await passResetDelay(client, user);
    expectRefused(await logInAs(client, user, { password: 'wrong' }), 401, 'invalid_credentials');
    expect(await countEvents(client, user, 'two_factor_reset')).toBe(0);
  });

  test('at the clean-up, without anybody signing in', async () => {
    const { user } = await announced();
    const other = await announced();
    await passResetDelay(client, user);
    const lines = recordLog();
    await runScheduled({ cron: '0 2 * * *' }, client.env);
    const run = lines
      .map((line) => JSON.parse(line))
      .find(({ rows }) => rows === 'users.two_factor_reset_at');
    expect(run).toMatchObject({ event: 'clean_up_finished', isComplete: true });
    // Other tests have left some that are due.
    expect(run.ended).toBeGreaterThan(0);
    await expectGone(user, user.accessToken);
    expect(await waitsUntil(other.user)).not.toBeNull();
    expect(await countMails(client, other.user.email, 'two_factor_reset')).toBe(0);
    // A second run finds nothing.
    await runScheduled({ cron: '0 2 * * *' }, client.env);
    expect(await countMails(client, user.email, 'two_factor_reset')).toBe(1);
  });

  test('for many in one run', async () => {
    const users = [];
    for (let index = 0; index < 4; index++) users.push(await twoFactorUser(client));
    await change(
      client,
      sql`UPDATE users SET two_factor_reset_at = now() WHERE id = ANY (${users.map(({ userId }) => userId)}::uuid[])`,
    );
    recordLog();
    await runScheduled({ cron: '0 2 * * *' }, client.env);
    for (const user of users) expect(await waitsUntil(user)).toBeNull();
  });

  test("and is told to everybody who was told of it before, without a link, and with nobody's device", async () => {
    const user = await twoFactorUser(client);
    const { email } = await move(client, user);
    await requestReset(client, user.userId);
    await passResetDelay(client, user);
    await logInAs(client, { email }, {}, { headers: { 'User-Agent': 'a-browser/1' } });
    for (const recipient of [user.email, email]) {
      const mails = (await mailsTo(client, recipient)).filter(({ kind }) => kind === 'two_factor_reset');
      expect(mails).toMatchObject([
        { user_id: user.userId, token: null, facts: { userAgent: null, location: null } },
      ]);
    }
  });

  test('by the clock of the database: a Worker whose clock is days ahead asks for the code (IDM-03)', async () => {
    const { user } = await announced();
    const ahead = new TestClient(variables, { now: () => Date.now() + 3 * 86_400_000 });
    await expectAsked(ahead, user);
    expect(await waitsUntil(user)).not.toBeNull();
    const behind = new TestClient(variables, { now: () => Date.now() - 3 * 86_400_000 });
    await passResetDelay(client, user);
    await expectNotAsked(behind, user);
  });

  test('for what needs a recent authentication too: the password is enough from then on (SES-19)', async () => {
    const { user } = await announced();
    const exported = () => client.get('/api/auth/me/export', { bearer: user.accessToken });
    await change(
      client,
      sql`UPDATE sessions SET second_factor_at = NULL WHERE user_id = ${user.userId}::uuid`,
    );
    expectRefused(await exported(), 403, 'reauthentication_required');
    await passResetDelay(client, user);
    expect((await exported()).status).toBe(200);
  });

  test('also at a second step that was begun before it', async () => {
    const { user } = await announced();
    const first = await challenge(client, user);
    await passResetDelay(client, user);
    const answer = await completeWithCode(client, first, user);
    await expectGone(user, answer.json.accessToken);
  });

  test('for a sign-in by a link, too: the password of the link opens a session (OTP-13)', async () => {
    const asking = new TestClient({ ...variables, EMAIL_VERIFICATION: 'optional' });
    const { user } = await announced();
    await passResetDelay(client, user);
    await change(
      client,
      sql`UPDATE users SET email_verified_at = NULL, is_verification_exempt = false WHERE id = ${user.userId}::uuid`,
    );
    const token = await storeLink(client, 'verify_email', { id: user.userId, email: user.email });
    const answer = await asking.post('/api/auth/email/verify', { token, password });
    expect(answer.status, answer.text).toBe(200);
    await expectGone(user, answer.json.accessToken);
  });

  test('and never for an authenticator that was turned on after it was due, nor for an account that turned two-factor off', async () => {
    const { user } = await announced();
    await passResetDelay(client, user);
    const { secret } = (await startSetup(client, user.accessToken)).json;
    expect((await enable(client, user.accessToken, codeAt(secret))).status).toBe(200);
    const { user: other } = await announced();
    await passResetDelay(client, other);
    const off = await disable(client, other.accessToken, { code: await freshCode(client, other) });
    expect(off.status, off.text).toBe(200);

    await expectAsked(client, user);
    expect((await expectNotAsked(client, other)).roundTrips).toBe(2);
    recordLog();
    await runScheduled({ cron: '0 2 * * *' }, client.env);
    await expectAsked(client, user);
    for (const owner of [user, other]) {
      expect(await waitsUntil(owner)).toBeNull();
      expect(await countMails(client, owner.email, 'two_factor_reset')).toBe(0);
    }
  });

  test('for an owner who has no password any longer: after a reset of it', async () => {
    const { user } = await announced();
    await change(client, sql`UPDATE users SET password_hash = NULL WHERE id = ${user.userId}::uuid`);
    await passResetDelay(client, user);
    expect((await reset(client, await linkFor(client, user.email))).status).toBe(200);
    const answer = await expectNotAsked(client, user, { password: otherPassword });
    await expectGone(user, answer.json.accessToken);
  });
});

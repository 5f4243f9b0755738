import { afterEach, expect, test, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { forget, linkFor, reset } from '../features/password/password-reset.ts';
import { changePassword, expectDead, recordsOf, signInAgain } from '../features/password/signed-in-owner.ts';
import { refreshByBody, type SignedIn, signIn } from '../features/sessions/session-fixtures.ts';
import { freshClient, freshEmail, otherPassword, password } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { openDatabase, query } from '../support/database.ts';
import { storeLink } from '../support/links.ts';
import { mailsTo } from '../support/mailbox.ts';
import { describe, roundsOf } from '../support/races.ts';
import { challenge, completeChallenge, twoFactorUser, wrongCode } from '../support/two-factor.ts';
import { changing, headStartOf } from './held-calls.ts';
import { heldUntilRepeated } from './hold-rows.ts';
import { crowdOf, times, together } from './together.ts';
import { sessionsOf } from './two-factor-state.ts';
import { untilAsleep } from './until-asleep.ts';

const client = new TestClient({
  EMAIL_VERIFICATION: 'off',
  DATABASE_TIMEOUT_MS: '8000',
  LOGIN_ATTEMPTS_MAX: '100',
});

afterEach(() => vi.restoreAllMocks());

const userOf = ({ userId, email }: SignedIn) => ({ id: userId, email });
const linkOf = (kind: 'reset_password' | 'unlock' | 'not_me', owner: SignedIn) =>
  storeLink(client, kind, userOf(owner));
const reportNotMe = (token: string) => client.post('/api/auth/not-me', { token });
const unlock = (token: string) => client.post('/api/auth/unlock', { token });
const logIn = (owner: Pick<SignedIn, 'email'>, text = password) =>
  client.post('/api/auth/login', { email: owner.email, password: text });

const race = (round: number, both: readonly (() => Promise<Answer>)[]) =>
  together(changing, both, headStartOf(round));

/** Nothing that a sign-in or a refresh gave opens anything. */
async function expectNothingGained(owner: SignedIn, { status, json }: Answer): Promise<void> {
  const given = status === 200 ? { accessToken: json.accessToken, bodyToken: json.refreshToken } : {};
  await expectDead(client, { ...owner, ...given });
}

const crowd = crowdOf(20);

describe(`${crowd} uses of one link at once`, { timeout: 120_000 }, () => {
  test('of a reset, with a password each: one succeeds, and its password alone signs in (RST-01)', async () => {
    const owner = await signIn(client);
    const token = await linkFor(client, owner.email);
    const passwords = Array.from(
      { length: crowd },
      (_, index) => `a heron over canal number ${index} of this town`,
    );
    const uses = passwords.map((text) => () => reset(client, token, text));
    const answers = await together(changing, uses);
    const won = passwords.filter((_, index) => answers[index]!.status === 200);
    expect(won).toHaveLength(1);
    for (const { status, json } of answers.filter((answer) => answer.status !== 200))
      expect([status, json.code]).toEqual([400, 'token_invalid']);
    for (const text of [password, ...passwords])
      expect((await logIn(owner, text)).status, text).toBe(won.includes(text) ? 200 : 401);
    const notices = (await mailsTo(client, owner.email)).filter(({ kind }) => kind === 'password_changed');
    expect(notices).toHaveLength(1);
  });

  test('of an unlock: one succeeds, and is recorded once', async () => {
    const owner = await signIn(client);
    const token = await linkOf('unlock', owner);
    const answers = await together(
      changing,
      times(crowd, () => unlock(token)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(crowd - 1).fill(400)]);
    const records = (await recordsOf(owner.userId)).filter(({ reason }) => reason === 'unlocked');
    expect(records).toHaveLength(1);
  });

  test('of "not me": one succeeds, and one mail for a new password is written', async () => {
    const owner = await signIn(client);
    const token = await linkOf('not_me', owner);
    const answers = await together(
      changing,
      times(crowd, () => reportNotMe(token)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(crowd - 1).fill(400)]);
    expect((await mailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual(['reset_password']);
  });
});

const endings: [name: string, kind: 'reset_password' | 'not_me', end: (token: string) => Promise<Answer>][] =
  [
    ['a reset', 'reset_password', (token) => reset(client, token)],
    ['"not me"', 'not_me', reportNotMe],
  ];

describe.each(endings)('%s', { timeout: 180_000 }, (name, kind, end) => {
  test('and a login with the old password at once leave no session (SES-07)', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(50, statuses.size < 2); round++) {
      const owner = await signIn(client);
      const token = await linkOf(kind, owner);
      const [ended, login] = await race(round, [() => end(token), () => logIn(owner)]);
      expect(ended!.status, ended!.text).toBe(200);
      statuses.add(login!.status);
      await expectNothingGained(owner, login!);
      expect(await sessionsOf(owner.userId)).toEqual([]);
      expect((await logIn(owner)).status).toBe(401);
    }
    // Both orders were met, or this was no race.
    expect(statuses).toEqual(new Set([200, 401]));
  });

  test('and a refresh at once leave no token (SES-06, SES-07)', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(50, !statuses.has(200)); round++) {
      const owner = await signIn(client);
      const token = await linkOf(kind, owner);
      const [ended, refreshed] = await race(round, [
        () => end(token),
        () => refreshByBody(client, owner.bodyToken),
      ]);
      expect(ended!.status, ended!.text).toBe(200);
      statuses.add(refreshed!.status);
      await expectNothingGained(owner, refreshed!);
      expect(await sessionsOf(owner.userId)).toEqual([]);
    }
    expect(statuses).toContain(200);
  });

  test('and a change of the password at once: the link wins', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const owner = await signIn(client);
      const token = await linkOf(kind, owner);
      const [ended, changed] = await race(round, [
        () => end(token),
        () => changePassword(client, owner, { newPassword: 'a crane under the old bridge' }),
      ]);
      expect(ended!.status, ended!.text).toBe(200);
      expect([200, 401, 403]).toContain(changed!.status);
      expect(await sessionsOf(owner.userId)).toEqual([]);
      expect((await logIn(owner, 'a crane under the old bridge')).status).toBe(401);
      if (name === 'a reset') expect((await logIn(owner, otherPassword)).status).toBe(200);
    }
  });

  test('makes a pending change of the address void that is asked for while it waits (LNK-05)', async () => {
    const owner = await signIn(client);
    const token = await linkOf(kind, owner);
    const asked = openDatabase().batch([
      sql`SELECT u.id FROM users u WHERE u.id = ${owner.userId}::uuid FOR SHARE`,
      sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
        VALUES (decode(${'ab'.repeat(16)} || replace(${owner.userId}::text, '-', ''), 'hex'), 'change_email', ${owner.userId}::uuid, ${owner.email},
          ${freshEmail()}, now() + interval '1 day')`,
      sql`SELECT pg_sleep(1)`,
    ]);
    await untilAsleep(1);
    const answer = await end(token);
    await asked;
    expect(answer.status, answer.text).toBe(200);
    const left = await query(
      sql`SELECT FROM one_time_tokens t WHERE t.owner_id = ${owner.userId}::uuid AND t.kind = 'change_email'`,
    );
    expect(left).toEqual([]);
  });

  test('that is still running when it is repeated is answered 200 and has happened once (DBF-10, DBF-11)', async () => {
    const owner = await signIn(client);
    const token = await linkOf(kind, owner);
    const impatient = new TestClient({ DATABASE_TIMEOUT_MS: '1000' });
    const [answer] = await heldUntilRepeated(
      [sql`SELECT 1 FROM users WHERE id = ${owner.userId}::uuid FOR UPDATE`],
      [() => (kind === 'not_me' ? impatient.post('/api/auth/not-me', { token }) : reset(impatient, token))],
    );
    expect(answer!.status, answer!.text).toBe(200);
    expect(answer!.roundTrips).toBeGreaterThan(2);
    const mails = (await mailsTo(client, owner.email)).map((mail) => mail.kind);
    expect(mails).toEqual([kind === 'not_me' ? 'reset_password' : 'password_changed']);
    await expectDead(client, owner);
  });

  test('and the deletion of the account at once: nothing is revived, and no statement runs into the other (PRV-04)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const owner = await signIn(client);
      const token = await linkOf(kind, owner);
      const [ended, deleted] = await race(round, [
        () => end(token),
        () => client.call('DELETE', '/api/auth/me', { bearer: owner.accessToken, body: { password } }),
      ]);
      expect([200, 400]).toContain(ended!.status);
      expect([200, 401, 403]).toContain(deleted!.status);
      const users = await query(sql`SELECT FROM users u WHERE u.id = ${owner.userId}::uuid`);
      expect(users).toHaveLength(deleted!.status === 200 ? 0 : 1);
    }
  });
});

describe('on real PostgreSQL', { timeout: 60_000 }, () => {
  test('many requests for one address at once are all 202, and five mails (EML-10)', async () => {
    const owner = await signIn(client);
    const headers = freshClient();
    const answers = await Promise.all(
      Array.from({ length: crowd }, () => forget(client, owner.email, headers)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(await mailsTo(client, owner.email)).toHaveLength(5);
  });

  test('two links of one account at once: one succeeds (RST-02)', async () => {
    for (let round = 0; round < roundsOf(10); round++) {
      const owner = await signIn(client);
      const [first, second] = [await linkOf('reset_password', owner), await linkOf('reset_password', owner)];
      const answers = await race(round, [() => reset(client, first), () => reset(client, second)]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    }
  });

  test('10 logins on new devices at once all succeed, and five are told', async () => {
    const owner = await signIn(client);
    const answers = await together(
      changing,
      times(10, () => logIn(owner)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const mails = (await mailsTo(client, owner.email)).map(({ kind }) => kind);
    expect(mails).toEqual(Array(5).fill('new_device'));
  });

  test('many wrong passwords at once lock an account with one mail (LIM-13, LIM-03)', async () => {
    const limited = new TestClient({
      DATABASE_TIMEOUT_MS: '8000',
      EMAIL_VERIFICATION: 'off',
      LOGIN_ATTEMPTS_MAX: '5',
    });
    const owner = await signIn(limited);
    const body = { email: owner.email, password: 'wrong' };
    const guess = () => limited.post('/api/auth/login', body, { headers: freshClient() });
    await Promise.all(Array.from({ length: crowdOf(30) }, guess));
    expect((await mailsTo(limited, owner.email)).map(({ kind }) => kind)).toEqual(['account_locked']);
  });

  test('an unlock and a lock of the same account at once never deadlock', async () => {
    const limited = new TestClient({
      DATABASE_TIMEOUT_MS: '8000',
      EMAIL_VERIFICATION: 'off',
      LOGIN_ATTEMPTS_MAX: '2',
    });
    for (let round = 0; round < roundsOf(20); round++) {
      const owner = await signIn(limited);
      const token = await linkOf('unlock', owner);
      const guess = () => limited.post('/api/auth/login', { email: owner.email, password: 'wrong' });
      const [unlocked] = await Promise.all([
        unlock(token),
        guess(),
        guess(),
        guess(),
        signInAgain(client, owner.email),
      ]);
      expect(unlocked.status, unlocked.text).toBe(200);
    }
  });
});

describe('a recovery that begins', { timeout: 180_000 }, () => {
  test('while a reset link is asked for is ended by no link of before, and by one of since (LNK-15)', async () => {
    for (let round = 0; round < roundsOf(30); round++) {
      const owner = await signIn(client);
      const token = await linkOf('not_me', owner);
      const [ended, asked] = await race(round, [() => reportNotMe(token), () => forget(client, owner.email)]);
      expect([ended!.status, asked!.status]).toEqual([200, 202]);
      const links = (await mailsTo(client, owner.email)).filter(({ kind }) => kind === 'reset_password');
      const [since] = await query<{ since: string }>(
        sql`SELECT recovery_since::text AS since FROM users WHERE id = ${owner.userId}::uuid`,
      );
      let isOver = false;
      for (const { token: link } of links) {
        // The token begins with its kind; what is hashed are the random bits, the first 32 bytes.
        const bits = link!.slice(link!.indexOf('_') + 1).slice(0, 43);
        const [row] = await query<{ is_older: boolean }>(sql`
          SELECT t.created_at < ${since!.since}::timestamptz AS is_older FROM one_time_tokens t
          WHERE t.token_hash = sha256(substr(decode(translate(${`${bits}A`}, '-_', '+/'), 'base64'), 1, 32)) AND t.spent_at IS NULL`);
        const { status } = await reset(client, link!);
        expect(status === 200, `a link that is ${row?.is_older ? 'older' : 'newer'}`).toBe(
          row !== undefined && !row.is_older && !isOver,
        );
        isOver ||= status === 200;
      }
      expect(isOver).toBe(true);
    }
  });

  test('by the fiftieth wrong code while a first password is set: it withdraws none that was set before it (LNK-15, OTP-14)', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(40, statuses.size < 2); round++) {
      const user = await twoFactorUser(client);
      const open = await challenge(client, user);
      await openDatabase().batch([
        sql`UPDATE users SET password_hash = NULL WHERE id = ${user.userId}::uuid`,
        sql`INSERT INTO second_factor_devices AS d (user_id, device_id, misses)
          VALUES (${user.userId}::uuid, '00000000-0000-0000-0000-000000000000', 49)`,
      ]);
      const passwords = { newPassword: otherPassword, confirmPassword: otherPassword };
      const [guessed, set] = await race(round, [
        () => completeChallenge(client, open, { code: wrongCode(user.secret) }),
        () => client.post('/api/auth/password/change', passwords, { bearer: user.accessToken }),
      ]);
      expect([200, 403]).toContain(set!.status);
      // A password that was set first has ended the challenge: its miss does not count against it (OTP-14).
      const isSet = set!.status === 200;
      expect(guessed!.json.code).toBe(isSet ? 'challenge_expired' : 'invalid_code');
      statuses.add(set!.status);
      expect((await logIn(user, otherPassword)).status).toBe(isSet ? 200 : 401);
    }
    expect(statuses).toEqual(new Set([200, 403]));
  });
});

import { afterEach, expect, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import {
  changePassword,
  deleteAccount,
  expectAlive,
  expectDead,
  ownersRoutes,
  prove,
  reauthenticate,
  recordsOf,
  signInAgain,
} from '../features/password/signed-in-owner.ts';
import { bcryptHash } from '../features/password/stored-accounts.ts';
import { refreshByBody, type SignedIn, signIn } from '../features/sessions/session-fixtures.ts';
import { otherPassword, password } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { openDatabase, query } from '../support/database.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import { changing, headStartOf } from './held-calls.ts';
import { heldUntilRepeated } from './hold-rows.ts';
import { crowdOf, together } from './together.ts';
import { sessionsOf } from './two-factor-state.ts';
import { untilAsleep } from './until-asleep.ts';

const routes = Object.keys(ownersRoutes);

const client = new TestClient({
  DATABASE_TIMEOUT_MS: '8000',
  LOGIN_ATTEMPTS_MAX: '100',
});

afterEach(() => vi.restoreAllMocks());

const race = (round: number, both: readonly (() => Promise<Answer>)[]) =>
  together(changing, both, headStartOf(round));

/** Nothing that a refresh gave opens anything. */
async function expectRefreshDead(owner: SignedIn, { status, json }: Answer): Promise<void> {
  if (status !== 200) expect([status, json.code]).toEqual([401, 'session_expired']);
  const given = status === 200 ? { accessToken: json.accessToken, bodyToken: json.refreshToken } : {};
  await expectDead(client, { ...owner, ...given });
}

const renewals: [name: string, renew: (owner: SignedIn) => Promise<Answer>][] = [
  ['a password change', (owner) => changePassword(client, owner)],
  ['a re-authentication', (owner) => reauthenticate(client, owner)],
];

describe.each(renewals)('%s', { timeout: 120_000 }, (_name, renew) => {
  test('and a refresh of its session at once: only the new tokens are left, and nothing is theft (SES-07)', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(50, statuses.size < 2); round++) {
      const owner = await signIn(client);
      const [renewed, refreshed] = await race(round, [
        () => renew(owner),
        () => refreshByBody(client, owner.bodyToken),
      ]);
      expect(renewed!.status, renewed!.text).toBe(200);
      statuses.add(refreshed!.status);
      await expectRefreshDead(owner, refreshed!);
      await expectAlive(client, renewed!);
      expect(await sessionsOf(owner.userId)).toHaveLength(1);
      expect((await recordsOf(owner.userId)).map(({ type }) => type)).not.toContain('authn_token_reuse');
    }
    // Both orders were met, or this was no race.
    expect(statuses).toEqual(new Set([200, 401]));
  });

  test('twice at once from one session: one of them goes on, with a session that is good', async () => {
    for (let round = 0; round < roundsOf(10); round++) {
      const owner = await signIn(client);
      const answers = await race(round, [() => renew(owner), () => renew(owner)]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401]);
      await expectAlive(client, answers.find(({ status }) => status === 200)!);
      expect(await sessionsOf(owner.userId)).toHaveLength(1);
    }
  });
});

describe('a password change', { timeout: 120_000 }, () => {
  test('and a login with the old password at once leave no session of that login (SES-07)', async () => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(50, statuses.size < 2); round++) {
      const owner = await signIn(client);
      const [changed, login] = await race(round, [
        () => changePassword(client, owner),
        () => client.post('/api/auth/login', { email: owner.email, password }),
      ]);
      expect(changed!.status, changed!.text).toBe(200);
      statuses.add(login!.status);
      if (login!.status === 200) {
        const { accessToken, refreshToken } = login!.json;
        await expectDead(client, { ...owner, accessToken, bodyToken: refreshToken });
      } else {
        expect(login!.json.code).toBe('invalid_credentials');
      }
      expect(await sessionsOf(owner.userId)).toHaveLength(1);
      await expectAlive(client, changed!);
    }
    expect(statuses).toEqual(new Set([200, 401]));
  });

  test('and a login that replaces a legacy hash at once: the change wins (HSH-06)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const owner = await signIn(client);
      await query(sql`UPDATE users SET password_hash = ${bcryptHash()} WHERE id = ${owner.userId}::uuid`);
      const [changed, login] = await race(round, [
        () => changePassword(client, owner),
        () => client.post('/api/auth/login', { email: owner.email, password }),
      ]);
      // Where the login came first, the change looked again and found the better hash of the same password.
      expect(changed!.status, changed!.text).toBe(200);
      expect([200, 401]).toContain(login!.status);
      expect(await sessionsOf(owner.userId)).toHaveLength(1);
      const next = await client.post('/api/auth/login', { email: owner.email, password: otherPassword });
      expect(next.status).toBe(200);
    }
  });

  test('and a refresh of another session at once leave none of its tokens (SES-06, SES-07)', async () => {
    for (let round = 0; round < roundsOf(50); round++) {
      const owner = await signIn(client);
      const other = await signInAgain(client, owner.email);
      const [changed, refreshed] = await race(round, [
        () => changePassword(client, owner),
        () => refreshByBody(client, other.bodyToken),
      ]);
      expect(changed!.status, changed!.text).toBe(200);
      await expectRefreshDead(other, refreshed!);
      expect(await sessionsOf(owner.userId)).toHaveLength(1);
    }
  });

  test('of two sessions at once: one wins, the other is out', async () => {
    for (let round = 0; round < roundsOf(10); round++) {
      const owner = await signIn(client);
      const other = await signInAgain(client, owner.email);
      const answers = await race(round, [
        () => changePassword(client, owner),
        () => changePassword(client, other, { newPassword: 'a crane under the old bridge' }),
      ]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401]);
      expect(await sessionsOf(owner.userId)).toHaveLength(1);
    }
  });
});

describe('the deletion of an account', { timeout: 120_000 }, () => {
  test.each<[what: string, other: (owner: SignedIn) => Promise<Answer>, answers: number[]]>([
    ['a login', ({ email }) => client.post('/api/auth/login', { email, password }), [200, 401]],
    ['a refresh', ({ bodyToken }) => refreshByBody(client, bodyToken), [200, 401]],
    ['a re-authentication', (owner) => reauthenticate(client, owner), [200, 401]],
    ['a password change', (owner) => changePassword(client, owner), [200, 401]],
  ])(
    'and %s at once leave either nothing or all, and no statement runs into the other (PRV-03)',
    async (_what, other, expected) => {
      for (let round = 0; round < roundsOf(20); round++) {
        const owner = await signIn(client);
        const [deleted, answer] = await race(round, [() => deleteAccount(client, owner), () => other(owner)]);
        expect(expected).toContain(answer!.status);
        // Whoever changed the session or the password first has taken the ground from under it.
        expect([200, 401, 403]).toContain(deleted!.status);
        const users = await query(sql`SELECT u.id FROM users u WHERE u.id = ${owner.userId}::uuid`);
        expect(users).toHaveLength(deleted!.status === 200 ? 0 : 1);
        expect((await sessionsOf(owner.userId)).length > 0).toBe(deleted!.status !== 200);
        if (deleted!.status === 200 && answer!.status === 200) {
          const { accessToken: bearer } = answer!.json;
          expect((await client.get('/api/auth/me', { bearer })).status).toBe(401);
        }
      }
    },
  );
});

describe('a second statement that is still running when it is repeated', { timeout: 60_000 }, () => {
  test.each(routes)('of %s is answered 200 and has happened once (DBF-10, DBF-11)', async (key) => {
    const owners = await Promise.all(Array.from({ length: 3 }, () => signIn(client)));
    const impatient = new TestClient({ DATABASE_TIMEOUT_MS: '1000' });
    const answers = await heldUntilRepeated(
      owners.map(({ userId }) => sql`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`),
      owners.map((owner) => () => prove(impatient, key, owner)),
    );
    for (const [index, answer] of answers.entries()) {
      expect(answer.status, answer.text).toBe(200);
      expect(answer.roundTrips).toBeGreaterThan(2);
      expect(await recordsOf(owners[index]!.userId)).toHaveLength(2);
      await expectDead(client, owners[index]!);
      if (!key.startsWith('DELETE')) await expectAlive(client, answer);
    }
  });
});

test('many wrong passwords at once over all routes get as many hashes as the limit says (LIM-03, LIM-11)', async () => {
  const limited = new TestClient({ DATABASE_TIMEOUT_MS: '8000' });
  const owner = await signIn(limited);
  const calls = Array.from({ length: crowdOf(60) }, (_, index) =>
    prove(limited, routes[index % 3]!, owner, 'wrong'),
  );
  const answers = await Promise.all(calls);
  expect(answers.reduce((sum, { hashes }) => sum + hashes, 0)).toBe(10);
  expect(answers.filter(({ status }) => status === 403)).toHaveLength(10);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(crowdOf(60) - 10);
});

describe('a logout of a session that is being renewed', () => {
  test('ends it under whichever id (SES-04)', async () => {
    for (let round = 0; round < roundsOf(50); round++) {
      const owner = await signIn(client);
      const logout = () => client.post('/api/auth/logout', { refreshToken: owner.bodyToken });
      const [renewed, ended] = await Promise.all([
        reauthenticate(client, owner),
        // By the time of the hash, so that the two statements meet.
        scheduler.wait(20 + (round % 10) * 5).then(logout),
      ]);
      expect(ended.status).toBe(200);
      expect([200, 401, 403]).toContain(renewed.status);
      expect(await sessionsOf(owner.userId)).toEqual([]);
    }
  });
});

// A change of the password holds the user first, then its sessions; in the other order the two could wait for each other.
test('the end of all sessions takes none of them before the user is free, so that it never deadlocks with a change', async () => {
  const owner = await signIn(client);
  await signInAgain(client, owner.email);
  const holding = openDatabase().batch([
    sql`SELECT u.id FROM users u WHERE u.id = ${owner.userId}::uuid FOR NO KEY UPDATE`,
    sql`SELECT pg_sleep(1.5)`,
    sql`SELECT count(*)::int AS count FROM sessions s WHERE s.user_id = ${owner.userId}::uuid`,
    // Fails when anybody holds one.
    sql`SELECT s.id FROM sessions s WHERE s.user_id = ${owner.userId}::uuid FOR UPDATE NOWAIT`,
  ]);
  await untilAsleep(1);
  const ending = client.call('DELETE', '/api/auth/sessions', { bearer: owner.accessToken });
  const [, , held] = await holding;
  expect(held).toEqual([{ count: 2 }]);
  expect(await ending).toMatchObject({ status: 200, json: { revokedCount: 2 } });
});

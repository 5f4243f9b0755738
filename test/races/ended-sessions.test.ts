import { afterEach, beforeAll, expect, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { move, revert } from '../features/email-change/mover.ts';
import { linkFor, reset } from '../features/password/password-reset.ts';
import { changePassword, expectDead, signInAgain } from '../features/password/signed-in-owner.ts';
import {
  refreshByBody,
  refreshByCookie,
  type SignedIn,
  sessionRow,
  signedInBy,
  signIn,
} from '../features/sessions/session-fixtures.ts';
import { logIn, password, registerUser } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { openDatabase, query } from '../support/database.ts';
import { storeLink } from '../support/links.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import { adminSecret } from '../support/test-env.ts';
import * as heldCalls from './held-calls.ts';
import { whileWaiting } from './hold-rows.ts';
import { installLockBarrier, releaseTogether } from './lock-barrier.ts';
import { crowdOf } from './together.ts';
import { sessionsOf } from './two-factor-state.ts';
import { untilWaiting } from './until-waiting.ts';

const rounds = Array.from({ length: roundsOf(5) }, (_, index) => index + 1);
const cap = 50;

const client = new TestClient({
  ADMIN_SECRET: adminSecret,
  DATABASE_TIMEOUT_MS: '8000',
  LOGIN_ATTEMPTS_MAX: '100',
});

beforeAll(installLockBarrier);
afterEach(() => vi.restoreAllMocks());

async function signInOn(devices: number): Promise<SignedIn[]> {
  const first = await signIn(client);
  const all = [first];
  while (all.length < devices) {
    all.push({ ...signedInBy(await logIn(client, first.email)), email: first.email });
  }
  return all;
}

function revokeAll({ accessToken }: SignedIn, query = ''): Promise<Answer> {
  return client.call('DELETE', `/api/auth/sessions${query}`, { bearer: accessToken });
}

function act(userId: string, action: string): Promise<Answer> {
  return client.post(`/api/admin/users/${userId}/${action}`, undefined, { bearer: adminSecret });
}

async function countRevocations(userId: string, reason: string): Promise<number> {
  const [row] = await query<{ count: number }>(sql`
    SELECT count(*)::int AS count FROM security_events
    WHERE user_id = ${userId}::uuid AND type = 'authn_token_revoked' AND reason = ${reason}`);
  return row!.count;
}

/** No statement was repeated: a deadlock would have been. */
function expectInOneRoundTrip(answers: readonly Answer[], ...statuses: readonly number[]): void {
  const others = answers.filter(({ status, roundTrips }) => !statuses.includes(status) || roundTrips !== 1);
  expect(others.map(({ status, roundTrips, text }) => ({ status, roundTrips, text }))).toEqual([]);
}

describe('signing out everywhere among many refreshes', () => {
  test.each(rounds)('is never undone by one of them, round %i (SES-10, RFR-06)', async (round) => {
    const [calling, other] = await signInOn(2);
    const starts = Array.from({ length: crowdOf(50) }, (_, index) => () => {
      if (index === round * 3) return revokeAll(calling!);
      return index % 2
        ? refreshByBody(client, other!.bodyToken)
        : refreshByCookie(client, other!.cookieToken);
    });
    const { results, waiting } = await releaseTogether(other!.sessionId, starts);
    expect(waiting).toBe(starts.length);
    expectInOneRoundTrip(results, 200, 401);
    expect(results[round * 3]!.json).toEqual({ success: true, revokedCount: 2 });
    expect(await sessionsOf(calling!.userId)).toEqual([]);
    for (const { json } of results.filter((answer) => answer.json.accessToken)) {
      expect((await client.get('/api/auth/me', { bearer: json.accessToken })).status).toBe(401);
      if (json.refreshToken)
        expect((await refreshByBody(client, json.refreshToken)).json.code).toBe('session_expired');
    }
    expect(await countRevocations(calling!.userId, 'sessions_revoked')).toBe(2);
  });
});

describe('everybody signing out everybody', () => {
  test.each(rounds)('ends each session once, without a deadlock, round %i (SES-10)', async () => {
    const all = await signInOn(8);
    const answers = await Promise.all(
      Array.from({ length: 48 }, (_, index) => {
        const [one, next] = [all[index % 8]!, all[(index + 3) % 8]!];
        if (index % 4 === 0) return refreshByBody(client, one.bodyToken);
        if (index % 4 === 1) return revokeAll(one, index % 8 === 1 ? '?keep=current' : '');
        if (index % 4 === 2) {
          const path = `/api/auth/sessions/${next.sessionId}`;
          return client.call('DELETE', path, { bearer: one.accessToken });
        }
        const cookies = {
          '__Host-nexora_access': one.accessToken,
          '__Host-nexora_refresh': next.cookieToken,
        };
        return client.post('/api/auth/logout', undefined, { cookies });
      }),
    );
    expectInOneRoundTrip(answers, 200, 401, 404);
    const [row] = await query<{ ended: number; distinct: number }>(sql`
      SELECT count(*)::int AS ended, count(DISTINCT session_id)::int AS distinct FROM security_events
      WHERE user_id = ${all[0]!.userId}::uuid AND type = 'authn_token_revoked'`);
    expect(row!.ended).toBe(row!.distinct);
    expect(row!.ended).toBe(8 - (await sessionsOf(all[0]!.userId)).length);
  });
});

/** Stores the sessions in the opposite order of their ids, which is met by whoever reads them in no certain order. */
async function storeBackwards(): Promise<void> {
  await openDatabase().batch([
    sql`CREATE INDEX test_backwards ON sessions (id DESC)`,
    sql`CLUSTER sessions USING test_backwards`,
    sql`DROP INDEX test_backwards`,
  ]);
}

describe('a logout of two sessions beside the end of all', () => {
  test.each(['the logout', 'the end of all'])(
    'holds them in the same order: %s came first',
    async (first) => {
      const [one, two] = (await signInOn(2)).toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
      await storeBackwards();
      const logout = () => {
        const cookies = {
          '__Host-nexora_access': one!.accessToken,
          '__Host-nexora_refresh': two!.cookieToken,
        };
        return client.post('/api/auth/logout', undefined, { cookies });
      };
      const starts = [logout, () => revokeAll(one!)];
      const [start, startSecond] = first === 'the logout' ? starts : starts.toReversed();
      const { results, waiting } = await releaseTogether(one!.sessionId, [
        start!,
        () => untilWaiting(1).then(startSecond),
      ]);
      expect(waiting).toBe(2);
      expectInOneRoundTrip(results, 200);
      expect(await sessionsOf(one!.userId)).toEqual([]);
    },
  );
});

describe('signing out everywhere while somebody signs in', () => {
  test.each(rounds)(
    'ends all that were there; the new session lives whole or is gone whole, round %i (SES-07)',
    async (round) => {
      const all = await signInOn(3);
      heldCalls.releaseTogether('sessions', 2, heldCalls.headStartOf(round));
      // The login's first statement names no session; its second one meets the sign-out.
      const [login, revoked] = await Promise.all([
        client.post('/api/auth/login', { email: all[0]!.email, password }),
        revokeAll(all[1]!),
      ]);
      expect([login.status, login.roundTrips]).toEqual([200, 2]);
      expectInOneRoundTrip([revoked], 200);
      for (const { sessionId } of all) expect(await sessionRow(sessionId)).toBeNull();
      const isThere = (await sessionRow(signedInBy(login).sessionId)) !== null;
      expect(revoked.json.revokedCount).toBe(isThere ? 3 : 4);
      const me = await client.get('/api/auth/me', { bearer: login.json.accessToken });
      expect(me.status).toBe(isThere ? 200 : 401);
    },
  );
});

describe('ten sign-ins at once of a user who has all the sessions they can have', { timeout: 60_000 }, () => {
  const racers = 10;

  test.each(rounds)(
    'succeed beside refreshes, end no session twice, and the next one ends what is too much, round %i (SES-11)',
    async () => {
      const first = await signIn(client);
      await query(sql`
        INSERT INTO sessions (user_id, expires_at, absolute_expires_at, last_active_at)
        SELECT ${first.userId}::uuid, now() + interval '1 day', now() + interval '1 day', now() + n * interval '1 second'
        FROM generate_series(1, ${cap - 1}::int) n`);
      // The one that is next to go is also the one that is being used.
      heldCalls.releaseTogether('sessions', racers + 2);
      const [refreshes, logins] = await Promise.all([
        Promise.all([refreshByBody(client, first.bodyToken), refreshByCookie(client, first.cookieToken)]),
        Promise.all(
          Array.from({ length: racers }, () =>
            client.post('/api/auth/login', { email: first.email, password }),
          ),
        ),
      ]);
      expectInOneRoundTrip(refreshes, 200, 401);
      expect(logins.map(({ status, roundTrips }) => [status, roundTrips])).toEqual(
        Array(racers).fill([200, 2]),
      );
      const evicted = await countRevocations(first.userId, 'session_cap');
      const left = (await sessionsOf(first.userId)).length;
      expect(left).toBe(cap + racers - evicted);
      expect(left).toBeGreaterThanOrEqual(cap);
      await logIn(client, first.email);
      expect(await sessionsOf(first.userId)).toHaveLength(cap);
    },
  );
});

describe('a ban that races a login', { timeout: 60_000 }, () => {
  test('leaves no session in the table, and nothing that an unban would bring back (SES-07, SES-16)', async () => {
    const { email, json } = await registerUser(client);
    const { id } = json.user;
    const statuses = new Set<number>();
    const revoked = new Set<number>();
    for (let round = 0; round < roundsOf(50, statuses.size < 2 || revoked.size < 2); round++) {
      // Now the one, now the other has a head start, and in between they are let go together.
      heldCalls.releaseTogether(id, 2, heldCalls.headStartOf(round));
      const [login, ban] = await Promise.all([
        client.post('/api/auth/login', { email, password }),
        act(id, 'ban'),
      ]);
      vi.restoreAllMocks();
      expect(ban.status, ban.text).toBe(200);
      statuses.add(login.status);
      revoked.add(ban.json.revokedCount);
      expect(await sessionsOf(id)).toEqual([]);
      await act(id, 'unban');
      if (login.status !== 200) continue;
      expect((await client.get('/api/auth/me', { bearer: login.json.accessToken })).status).toBe(401);
      const { refreshToken } = login.json;
      expect((await client.post('/api/auth/refresh', { refreshToken })).status).toBe(401);
    }
    // Both orders were met, or this was no race.
    expect(statuses).toEqual(new Set([200, 401]));
    expect(revoked.size).toBeGreaterThan(1);
  });
});

describe('what operators do to one user at once', { timeout: 60_000 }, () => {
  test('with refreshes and logins of that user never runs into a deadlock', async () => {
    const { email, json } = await registerUser(client);
    const { id } = json.user;
    for (let round = 0; round < roundsOf(10); round++) {
      const { refreshToken, accessToken } = (await logIn(client, email)).json;
      const answers = await Promise.all([
        act(id, 'ban'),
        act(id, 'sign-out'),
        act(id, 'ban'),
        client.post('/api/auth/refresh', { refreshToken }),
        client.call('PATCH', '/api/auth/me', { bearer: accessToken, body: { name: 'New' } }),
        client.post('/api/auth/login', { email, password }),
        act(id, 'sign-out'),
        client.post('/api/auth/logout', { refreshToken }),
      ]);
      for (const { status, text } of answers) expect(status, text).toBeLessThan(500);
      // A repeat would say that a statement had lost against another one.
      expect(answers.map(({ roundTrips }) => roundTrips)).toEqual([1, 1, 1, 1, 1, expect.any(Number), 1, 1]);
      expect(await sessionsOf(id)).toEqual([]);
      await act(id, 'unban');
    }
  });
});

// A session that somebody uses at that moment is locked. What ends it has to wait for the row, and not to pass it by.

describe('a session that somebody else holds meanwhile ends all the same (SES-06, SES-07)', {
  timeout: 60_000,
}, () => {
  /** Gets ready to end all sessions of an owner, or all but the calling one. */
  const endings: Record<string, (owner: SignedIn) => Promise<() => Promise<Answer>>> = {
    'a reset of the password': async ({ email }) => {
      const token = await linkFor(client, email);
      return () => reset(client, token);
    },
    '"not me"': async ({ userId, email }) => {
      const token = await storeLink(client, 'not_me', { id: userId, email });
      return () => client.post('/api/auth/not-me', { token });
    },
    'the revert of a change of the address': async (owner) => {
      const { revertToken } = await move(client, owner);
      return () => revert(client, revertToken);
    },
    'a change of the password': async (owner) => () => changePassword(client, owner),
    'a ban': async ({ userId }) => {
      return () => act(userId, 'ban');
    },
  };

  test.each(Object.entries(endings))('by %s', async (_what, prepare) => {
    const owner = await signIn(client);
    const other = await signInAgain(client, owner.email);
    const end = await prepare(owner);
    const held = sql`SELECT 1 FROM sessions WHERE id = ${other.sessionId}::uuid FOR UPDATE`;
    const answer = await whileWaiting([held], end);
    expect(answer.status, answer.text).toBe(200);
    expect(await sessionRow(other.sessionId)).toBeNull();
    await expectDead(client, other);
  });
});

import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import {
  refreshByBody,
  refreshByCookie,
  type SignedIn,
  sessionRow,
  signedInBy,
  signIn,
} from '../features/sessions/session-fixtures.ts';
import { logIn, password } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { describe, roundsOf } from '../support/races.ts';
import * as heldCalls from './held-calls.ts';
import { installLockBarrier, releaseTogether } from './lock-barrier.ts';
import { crowdOf } from './together.ts';
import { sessionsOf } from './two-factor-state.ts';
import { untilWaiting } from './until-waiting.ts';

const rounds = Array.from({ length: roundsOf(5) }, (_, index) => index + 1);
const cap = 50;

const client = new TestClient({ DATABASE_TIMEOUT_MS: '8000' });

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

async function countRevocations(userId: string, reason: string): Promise<number> {
  const [row] = await openDatabase().query<{ count: number }>(sql`
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
    const [row] = await openDatabase().query<{ ended: number; distinct: number }>(sql`
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
      await openDatabase().query(sql`
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

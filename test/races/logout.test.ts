import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import {
  ageRotations,
  eventsOf,
  refreshByBody,
  refreshByCookie,
  type SignedIn,
  sessionRow,
  signIn,
  successorIn,
} from '../features/sessions/session-fixtures.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { describe, roundsOf } from '../support/races.ts';
import { installLockBarrier, releaseTogether } from './lock-barrier.ts';
import { crowdOf } from './together.ts';

const callers = crowdOf(50);
const manyRounds = Array.from({ length: roundsOf(20) }, (_, index) => index + 1);
const rounds = Array.from({ length: roundsOf(5) }, (_, index) => index + 1);

const client = new TestClient({ DATABASE_TIMEOUT_MS: '8000' });

beforeAll(installLockBarrier);

function logout(refreshToken: string): Promise<Answer> {
  return client.post('/api/auth/logout', { refreshToken });
}

/** Starts all at the same moment, behind the session's row lock. */
async function race(sessionId: string, starts: readonly (() => Promise<Answer>)[]): Promise<Answer[]> {
  const { results, waiting } = await releaseTogether(sessionId, starts);
  expect(waiting).toBe(starts.length);
  return results;
}

/** The session is gone, and nothing that was ever handed out for it opens anything. */
async function expectEnded(
  { sessionId, accessToken, bodyToken, cookieToken }: SignedIn,
  answers: readonly Answer[],
) {
  expect(await sessionRow(sessionId)).toBeNull();
  const given = answers.filter(({ json }) => json.accessToken !== undefined);
  const refreshTokens = new Set([
    bodyToken,
    ...given.map(({ json }) => json.refreshToken as string | undefined),
  ]);
  const cookieTokens = new Set([cookieToken, ...given.map((answer) => successorIn('cookie', answer))]);
  const accessTokens = [accessToken, ...given.map(({ json }) => json.accessToken as string)];
  for (const token of refreshTokens) {
    if (token !== undefined) expect((await refreshByBody(client, token)).json.code).toBe('session_expired');
  }
  for (const token of cookieTokens) {
    if (token !== undefined) expect((await refreshByCookie(client, token)).json.code).toBe('session_expired');
  }
  for (const bearer of accessTokens) {
    expect((await client.get('/api/auth/me', { bearer })).json.code).toBe('unauthenticated');
  }
}

describe('a logout among many refreshes', () => {
  test.each(rounds)('is never undone by one of them, round %i (RFR-06)', async (round) => {
    const signedIn = await signIn(client);
    const { sessionId, bodyToken, cookieToken } = signedIn;
    const starts = Array.from({ length: callers }, (_, index) => {
      if (index === round * 3) return () => logout(bodyToken);
      return index % 2 ? () => refreshByBody(client, bodyToken) : () => refreshByCookie(client, cookieToken);
    });
    const answers = await race(sessionId, starts);
    for (const { status, json } of answers) {
      expect(
        status === 200 || (status === 401 && json.code === 'session_expired'),
        `${status} ${json.code}`,
      ).toBe(true);
    }
    expect(answers[round * 3]?.status).toBe(200);
    await expectEnded(signedIn, answers);
    const events = await eventsOf(sessionId);
    const seconds = events.filter(({ reason }) => reason === 'second_transport');
    expect(seconds.length).toBeLessThanOrEqual(1);
    const types = events.filter((event) => !seconds.includes(event)).map(({ type }) => type);
    expect(types).toEqual(['user_created', 'authn_token_revoked']);
  });
});

describe('many logouts at once', () => {
  test.each(rounds)('are all 200 and end the session once, round %i (SES-05)', async () => {
    const signedIn = await signIn(client);
    const { sessionId, bodyToken, accessToken } = signedIn;
    const byBearer = () => client.post('/api/auth/logout', undefined, { bearer: accessToken });
    const starts = Array.from({ length: callers }, (_, index) =>
      index % 2 ? byBearer : () => logout(bodyToken),
    );
    const answers = await race(sessionId, starts);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    await expectEnded(signedIn, []);
    const revocations = (await eventsOf(sessionId)).filter(({ type }) => type === 'authn_token_revoked');
    expect(revocations).toHaveLength(1);
  });

  // Without an order of the locks every other round ends in a deadlock.
  test.each(manyRounds)('of two sessions each, named in either order, never deadlock, round %i', async () => {
    const [one, two] = [await signIn(client), await signIn(client)];
    const cookiesOf = (access: SignedIn, refresh: SignedIn) => ({
      '__Host-nexora_access': access.accessToken,
      '__Host-nexora_refresh': refresh.cookieToken,
    });
    const starts = Array.from({ length: callers }, (_, index) => {
      const cookies = index % 2 ? cookiesOf(one, two) : cookiesOf(two, one);
      return () => client.post('/api/auth/logout', undefined, { cookies });
    });
    const answers = await race(one.sessionId, starts);
    expect(answers.filter(({ status, roundTrips }) => status !== 200 || roundTrips !== 1)).toEqual([]);
    await expectEnded(one, []);
    await expectEnded(two, []);
  });
});

describe('a reuse that races a logout', () => {
  test.each(rounds)(
    'ends the session by one of them, without a deadlock, round %i (RFR-02, RFR-06)',
    async () => {
      const signedIn = await signIn(client);
      const { sessionId, bodyToken } = signedIn;
      const second = await refreshByBody(client, bodyToken);
      await ageRotations(sessionId, 31);
      const starts = Array.from({ length: callers }, (_, index) =>
        index % 2 ? () => refreshByBody(client, bodyToken) : () => logout(second.json.refreshToken),
      );
      const answers = await race(sessionId, starts);
      const reuses = answers.filter((_, index) => index % 2 === 1);
      const logouts = answers.filter((_, index) => index % 2 === 0);
      expect(logouts.filter(({ status }) => status !== 200)).toEqual([]);
      expect(reuses.filter(({ status }) => status !== 401)).toEqual([]);
      // More would be the repeat of one that met a deadlock.
      expect(logouts.filter(({ roundTrips }) => roundTrips !== 1)).toEqual([]);
      expect(reuses.filter(({ roundTrips }) => roundTrips > 2)).toEqual([]);
      await expectEnded(signedIn, [second]);
      const ends = (await eventsOf(sessionId)).map(({ type }) => type).slice(1);
      expect(ends).toHaveLength(1);
      const judged = reuses.filter(({ json }) => json.code === 'refresh_token_reused').length;
      expect(ends).toEqual([judged === 1 ? 'authn_token_reuse' : 'authn_token_revoked']);
    },
  );
});

describe('the deletion of a user among fifty refreshes', () => {
  test.each(rounds)(
    'leaves no session that works, and fails none with an error, round %i (SES-16)',
    async (round) => {
      const signedIn = await signIn(client);
      const { sessionId, bodyToken, userId } = signedIn;
      const answers: Answer[] = [];
      const starts = Array.from({ length: callers }, (_, index) => async () => {
        if (index === round * 3) await query(sql`DELETE FROM users WHERE id = ${userId}::uuid`);
        else answers.push(await refreshByBody(client, bodyToken));
      });
      expect((await releaseTogether(sessionId, starts)).waiting).toBe(callers);
      for (const { status } of answers) expect([200, 401]).toContain(status);
      await expectEnded(signedIn, answers);
    },
  );
});

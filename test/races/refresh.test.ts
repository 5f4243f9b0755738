import { beforeAll, expect } from 'vitest';
import { addressOf } from '../../src/address/address-key.ts';
import { sql } from '../../src/db/sql.ts';
import type { Transport } from '../../src/features/sessions/refresh-token.ts';
import {
  ageRotations,
  claimsOf,
  eventsOf,
  insertLegacySession,
  keyringOf,
  refreshBy,
  refreshByBody,
  sessionRow,
  signIn,
  successorIn,
} from '../features/sessions/session-fixtures.ts';
import { logIn } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { mailsTo } from '../support/mailbox.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import { holdRows } from './hold-rows.ts';
import { installLockBarrier, releaseTogether } from './lock-barrier.ts';
import { crowdOf } from './together.ts';
import { untilWaiting } from './until-waiting.ts';

const callers = 2 * crowdOf(25);
const rounds = Array.from({ length: roundsOf(5) }, (_, index) => index + 1);
const transports: readonly Transport[] = ['cookie', 'body'];

const client = new TestClient({ DATABASE_TIMEOUT_MS: '8000' });

beforeAll(installLockBarrier);

/** Refreshes with every token at the same moment, each behind the same row lock. */
async function race(sessionId: string, uses: readonly (readonly [Transport, string])[]): Promise<Answer[]> {
  const starts = uses.map(
    ([transport, token]) =>
      () =>
        refreshBy(transport, client, token),
  );
  const { results, waiting } = await releaseTogether(sessionId, starts);
  expect(waiting).toBe(uses.length);
  return results;
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

/** Sorted "status code" with how often each came. */
function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, json } of answers) {
    const name = `${status} ${json.code ?? 'ok'}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function successors(transport: Transport, answers: readonly Answer[]): Set<string | undefined> {
  return new Set(answers.map((answer) => successorIn(transport, answer)));
}

describe.each(transports)('fifty refreshes at once, by %s', (transport) => {
  async function signedIn() {
    const session = await signIn(client);
    return { ...session, token: transport === 'cookie' ? session.cookieToken : session.bodyToken };
  }

  test.each(rounds)(
    'of one token all get the same successor and rotate once, round %i (RFR-03, T37)',
    async () => {
      const { sessionId, token } = await signedIn();
      const answers = await race(sessionId, times(callers, [transport, token] as const));
      expect(tally(answers)).toEqual({ '200 ok': callers });
      expect(answers.every(({ roundTrips }) => roundTrips === 1)).toBe(true);
      expect(successors(transport, answers).size).toBe(1);
      expect(await sessionRow(sessionId)).toMatchObject({ [`${transport}_counter`]: 1 });
      await ageRotations(sessionId, 31);
      const next = await refreshBy(transport, client, successorIn(transport, answers[0]!) ?? '');
      expect(next.status).toBe(200);
    },
  );

  test.each(rounds)(
    'of the current token and the one before, fresh: one successor, round %i (RFR-03)',
    async () => {
      const { sessionId, token } = await signedIn();
      const current = successorIn(transport, await refreshBy(transport, client, token)) ?? '';
      const uses = Array.from(
        { length: callers },
        (_, index) => [transport, index % 2 ? token : current] as const,
      );
      const answers = await race(sessionId, uses);
      expect(tally(answers)).toEqual({ '200 ok': callers });
      expect([...successors(transport, answers)]).toEqual([current]);
      expect(await sessionRow(sessionId)).toMatchObject({ [`${transport}_counter`]: 1 });
    },
  );

  test.each(rounds)('of a stale token end the session once, with one event, round %i (RFR-02)', async () => {
    const { sessionId, token, email } = await signedIn();
    await refreshBy(transport, client, token);
    await ageRotations(sessionId, 31);
    const answers = await race(sessionId, times(callers, [transport, token] as const));
    // More would be the repeat of one that met a deadlock.
    expect(answers.filter(({ roundTrips }) => roundTrips > 2)).toEqual([]);
    expect(tally(answers)).toEqual({ '401 refresh_token_reused': 1, '401 session_expired': callers - 1 });
    expect(await sessionRow(sessionId)).toBeNull();
    const reuses = (await eventsOf(sessionId)).filter(({ type }) => type === 'authn_token_reuse');
    expect(reuses).toHaveLength(1);
    const told = (await mailsTo(client, email)).filter(({ kind }) => kind === 'refresh_token_reused');
    expect(told).toHaveLength(1);
  });

  test.each(rounds)(
    'of a stale token and the current one never leave a session behind, round %i (RFR-02)',
    async () => {
      const { sessionId, token } = await signedIn();
      const current = successorIn(transport, await refreshBy(transport, client, token)) ?? '';
      await ageRotations(sessionId, 31);
      const second = await refreshBy(transport, client, current);
      const live = successorIn(transport, second) ?? '';
      await ageRotations(sessionId, 31);
      const uses = Array.from(
        { length: callers },
        (_, index) => [transport, index % 2 ? token : live] as const,
      );
      const answers = await race(sessionId, uses);
      const counts = tally(answers);
      expect(counts['401 refresh_token_reused']).toBe(1);
      const others = (counts['200 ok'] ?? 0) + (counts['401 session_expired'] ?? 0);
      expect(others).toBe(callers - 1);
      expect(await sessionRow(sessionId)).toBeNull();
      for (const answer of [second, ...answers.filter(({ status }) => status === 200)]) {
        const left = successorIn(transport, answer) ?? '';
        expect((await refreshBy(transport, client, left)).json.code).toBe('session_expired');
        expect((await client.get('/api/auth/me', { bearer: answer.json.accessToken })).status).toBe(401);
      }
    },
  );

  test.each(rounds)(
    'of a token of the legacy system open its transport once, round %i (RFR-03)',
    async () => {
      const { userId } = await signedIn();
      const token = `earlier ${crypto.randomUUID()}`;
      const sessionId = await insertLegacySession(userId, token);
      const answers = await race(sessionId, times(callers, [transport, token] as const));
      expect(tally(answers)).toEqual({ '200 ok': callers });
      expect(successors(transport, answers).size).toBe(1);
      const other = transport === 'cookie' ? 'body' : 'cookie';
      const expected = { [`${transport}_counter`]: 1, [`${other}_counter`]: null };
      expect(await sessionRow(sessionId)).toMatchObject(expected);
    },
  );
});

describe('both transports at once', () => {
  test.each(rounds)('are independent: each rotates once, round %i (RFR-03)', async () => {
    const { sessionId, bodyToken, cookieToken } = await signIn(client);
    const uses = Array.from({ length: callers }, (_, index) =>
      index % 2 ? (['body', bodyToken] as const) : (['cookie', cookieToken] as const),
    );
    const answers = await race(sessionId, uses);
    expect(tally(answers)).toEqual({ '200 ok': callers });
    expect(
      successors(
        'body',
        answers.filter((_, index) => index % 2 === 1),
      ).size,
    ).toBe(1);
    expect(
      successors(
        'cookie',
        answers.filter((_, index) => index % 2 === 0),
      ).size,
    ).toBe(1);
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1, cookie_counter: 1 });
  });

  test.each(rounds)('with a token of the legacy system open exactly one, round %i', async () => {
    const { userId } = await signIn(client);
    const token = `earlier ${crypto.randomUUID()}`;
    const sessionId = await insertLegacySession(userId, token);
    const uses = Array.from({ length: callers }, (_, index) => [transports[index % 2]!, token] as const);
    const answers = await race(sessionId, uses);
    expect(tally(answers)).toEqual({ '200 ok': callers / 2, '401 session_expired': callers / 2 });
    const row = await sessionRow(sessionId);
    expect([row?.cookie_counter, row?.body_counter].sort()).toEqual([1, null]);
  });
});

test.each(rounds)(
  'reuses in several sessions of an account at once are told as often as one after the other, round %i (RFR-02)',
  async () => {
    const quiet = new TestClient({
      ...{ DATABASE_TIMEOUT_MS: '8000', EMAIL_VERIFICATION: 'off' },
    });
    const { email, userId } = await signIn(quiet);
    const tokens: string[] = [];
    for (let session = 1; session <= 6; session++) {
      const { json } = await logIn(quiet, email, { transport: 'body' });
      await refreshByBody(quiet, json.refreshToken);
      await ageRotations(String(claimsOf(json.accessToken).sid), 31);
      tokens.push(json.refreshToken);
    }
    const held = sql`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`;
    const started = await holdRows([held], async () => {
      const answers = tokens.map((token) => refreshByBody(quiet, token));
      await untilWaiting(tokens.length);
      return answers;
    });
    expect(tally(await Promise.all(started))).toEqual({ '401 refresh_token_reused': tokens.length });
    const told = (await mailsTo(client, email)).filter(({ kind }) => kind === 'refresh_token_reused');
    // The most for an address that nobody has verified.
    expect(told).toHaveLength(2);
  },
);

test('the notice of a reuse waits for a mail to the same address that is being counted (RFR-02)', async () => {
  const { email, sessionId, bodyToken } = await signIn(client);
  await refreshByBody(client, bodyToken);
  await ageRotations(sessionId, 31);
  const [key] = addressOf(keyringOf(client), email).keys;
  const held = sql`SELECT pg_advisory_xact_lock(hashtextextended(${key}::text, 0))`;
  const [reuse] = await holdRows([held], async () => {
    const answer = refreshByBody(client, bodyToken);
    await untilWaiting(1);
    return [answer] as const;
  });
  expect((await reuse).json.code).toBe('refresh_token_reused');
  expect(await sessionRow(sessionId)).toBeNull();
});

test.each(rounds)(
  'a client that retries in a loop, fifty times over, is never logged out, round %i (RFR-03)',
  async () => {
    const { sessionId, bodyToken } = await signIn(client);
    const tabs = Array.from({ length: 10 }, async () => {
      let token = bodyToken;
      for (let use = 0; use < 5; use++) {
        const { status, json } = await refreshByBody(client, token);
        expect(status).toBe(200);
        token = json.refreshToken;
      }
      return token;
    });
    expect(new Set(await Promise.all(tabs)).size).toBe(1);
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1 });
  },
);

import { beforeAll, describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../../src/crypto/base64url.ts';
import { sql } from '../../../src/db/sql.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { freshEmail, logIn, password, registerUser } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { signIn } from '../sessions/session-fixtures.ts';

const client = new TestClient();
const path = '/api/auth/security-events';
const agent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

interface Listed {
  readonly id: string;
  readonly type: string;
}

async function newAccount() {
  const { email, userId, accessToken: bearer } = await signIn(client);
  return { email, userId, bearer };
}

function listOf(bearer: string, cursor?: string): Promise<Answer> {
  return client.get(cursor === undefined ? path : `${path}?cursor=${cursor}`, { bearer });
}

/** All pages of a list, from the newest event on. */
async function pagesOf(bearer: string): Promise<Listed[][]> {
  const pages: Listed[][] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const { status, json, roundTrips, text } = await listOf(bearer, cursor);
    expect([status, roundTrips], text).toEqual([200, 1]);
    pages.push(json.events);
    cursor = json.nextCursor;
  }
  return pages;
}

/** Events of a user, by default a microsecond apart, all within one millisecond. */
async function storeEvents(userId: string, count: number, microsApart = 1): Promise<string[]> {
  const rows = await query<{ id: string }>(sql`
    INSERT INTO security_events (user_id, type, outcome, request_id, at)
    SELECT ${userId}::uuid, 'stored', 'success', gen_random_uuid(),
      timestamptz '2026-01-02 03:04:05.678Z' + n * ${microsApart}::int * interval '1 microsecond'
    FROM generate_series(1, ${count}::int) n
    RETURNING id`);
  return rows.map(({ id }) => id);
}

describe('GET /api/auth/security-events', () => {
  test('answers what happened to the account, newest first, and nothing else of it (PRV-07)', async () => {
    const { email, bearer } = await newAccount();
    const headers = { 'User-Agent': agent, 'CF-Connecting-IP': '203.0.113.7' };
    await client.post('/api/auth/login', { email, password: 'wrong' }, { headers });
    const answer = await listOf(bearer);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    const id = expect.stringMatching(/^[\da-f-]{36}$/);
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(answer.json).toEqual({
      success: true,
      events: [
        {
          id,
          type: 'authn_login_fail',
          at,
          ipAddress: '203.0.113.7',
          location: null,
          device: { browser: 'Chrome 140.0.0.0', os: 'Windows 10', type: 'desktop' },
          outcome: 'failure',
        },
        {
          id,
          type: 'user_created',
          at,
          ipAddress: expect.any(String),
          location: null,
          device: null,
          outcome: 'success',
        },
      ],
      nextCursor: null,
    });
  });

  test('tells where Cloudflare placed the client', async () => {
    const { bearer, userId } = await newAccount();
    const location = { city: 'Zürich', region: null, country: 'CH' };
    await query(sql`
      UPDATE security_events SET location = ${JSON.stringify(location)}::jsonb WHERE user_id = ${userId}::uuid`);
    expect((await listOf(bearer)).json.events).toMatchObject([{ location }]);
  });

  test('shows a failure at an address that nobody has to nobody, not even to who takes it later', async () => {
    const email = freshEmail();
    await client.post('/api/auth/login', { email, password });
    const { json } = await registerUser(client, { email });
    const { events } = (await listOf(json.accessToken)).json;
    expect(events.map(({ type }: Listed) => type)).toEqual(['user_created']);
  });

  test('answers an empty list where there is no event', async () => {
    const { bearer, userId } = await newAccount();
    await query(sql`DELETE FROM security_events WHERE user_id = ${userId}::uuid`);
    expect((await listOf(bearer)).json).toEqual({ success: true, events: [], nextCursor: null });
  });
});

describe('the pages of events', () => {
  test.each([
    [49, [50]],
    [50, [50, 1]],
    [99, [50, 50]],
    [120, [50, 50, 21]],
  ])('hold 50, and %i events and the first are on pages of %j', async (count, sizes) => {
    const { bearer, userId } = await newAccount();
    await storeEvents(userId, count);
    expect((await pagesOf(bearer)).map((page) => page.length)).toEqual(sizes);
  });

  test('hold every event once and in order, a microsecond apart or at one instant', async () => {
    for (const microsApart of [1, 0]) {
      const { bearer, userId } = await newAccount();
      const stored = await storeEvents(userId, 130, microsApart);
      const listed = (await pagesOf(bearer)).flat().slice(1);
      const expected = microsApart === 1 ? stored.toReversed() : stored.toSorted().toReversed();
      expect(listed.map(({ id }) => id)).toEqual(expected);
    }
  });

  test('are not moved by what happens between two of them', async () => {
    const { email, bearer, userId } = await newAccount();
    const stored = await storeEvents(userId, 60);
    const { nextCursor } = (await listOf(bearer)).json;
    await logIn(client, email);
    const next = await listOf(bearer, nextCursor);
    expect(next.json.events.map(({ id }: Listed) => id)).toEqual(stored.slice(0, 11).toReversed());
  });
});

describe('a cursor', () => {
  let bearer: string;
  beforeAll(async () => {
    ({ bearer } = await newAccount());
  });

  test('of another user, or for any time, shows the caller’s own events alone (ENU-10)', async () => {
    const [mine, other] = [await newAccount(), await newAccount()];
    await storeEvents(other.userId, 60);
    const { nextCursor } = (await listOf(other.bearer)).json;
    expect((await listOf(mine.bearer, nextCursor)).json.events).toEqual([]);
    const latest = new Uint8Array(24).fill(255);
    latest.set([0, 31]); // the most microseconds that a double holds exactly
    const { events } = (await listOf(mine.bearer, encodeBase64Url(latest))).json;
    expect(events.map(({ type }: Listed) => type)).toEqual(['user_created']);
    expect((await listOf(mine.bearer, encodeBase64Url(new Uint8Array(24)))).json.events).toEqual([]);
  });

  test.each([
    ['empty', ''],
    ['too short', encodeBase64Url(new Uint8Array(23))],
    ['too long', encodeBase64Url(new Uint8Array(25))],
    ['of a time that cannot be', encodeBase64Url(new Uint8Array(24).fill(255))],
    ['with padding', `${encodeBase64Url(new Uint8Array(24))}%3D`],
    ['with a foreign character', `${encodeBase64Url(new Uint8Array(24)).slice(1)}%00`],
    ['a JSON text', encodeURIComponent('{"at":"2026-01-01","id":"x"}')],
    ['SQL', encodeURIComponent("' OR 1=1 --")],
    ['very long', 'A'.repeat(6000)],
    ['given twice', `${encodeBase64Url(new Uint8Array(24))}&cursor=${encodeBase64Url(new Uint8Array(24))}`],
  ])('that is none is refused: %s (INP-10, INP-13)', async (_name, cursor) => {
    const answer = await listOf(bearer, cursor);
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.json.errors).toMatchObject([{ pointer: '/cursor' }]);
    expect(answer.roundTrips).toBe(0);
  });

  test('is the only parameter (INP-13)', async () => {
    for (const search of ['?userId=x', '?limit=1', '?before=x']) {
      expectProblem(await client.get(`${path}${search}`, { bearer }), 400, 'validation_failed', search);
    }
  });
});

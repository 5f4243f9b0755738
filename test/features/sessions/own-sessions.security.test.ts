import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { tellingInjections } from '../../contract/injection-payloads.ts';
import { logIn } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { eventsOf, type SignedIn, sessionRow, signedInBy, signIn } from './session-fixtures.ts';

const client = new TestClient();
const path = '/api/auth/sessions';

function revoke({ accessToken }: SignedIn, id: string, by = client): Promise<Answer> {
  return by.call('DELETE', `${path}/${id}`, { bearer: accessToken });
}

describe('a list of sessions', () => {
  test('holds no token, hash, counter or device id, and none of anybody else’s (SES-09, PRV-07)', async () => {
    const [mine, other] = [await signIn(client), await signIn(client)];
    const { text, json } = await client.get(path, { bearer: mine.accessToken });
    expect(json.sessions.map(({ id }: { id: string }) => id)).toEqual([mine.sessionId]);
    for (const secret of [mine.accessToken, mine.bodyToken, mine.cookieToken, other.sessionId]) {
      expect(text).not.toContain(secret);
    }
    const row = await sessionRow(mine.sessionId);
    expect(text).not.toContain(String(row?.device_id));
    expect(text).not.toMatch(/counter|hash|device_?id|amr|rotated|legacy|user_?agent|user_?id/i);
  });
});

describe('a session that is not the caller’s', () => {
  test('is the same 404 as an unknown id and as no id at all, and as many round trips (ENU-10, INP-10)', async () => {
    const [mine, other] = [await signIn(client), await signIn(client)];
    const ids = [
      other.sessionId,
      crypto.randomUUID(),
      mine.userId,
      '00000000-0000-0000-0000-000000000000',
      'unknown',
      "x'%20OR%201=1",
      `${mine.sessionId}%00`,
      `${mine.sessionId}%20`,
      '%FF',
      '%',
      'null',
      'current',
      'a'.repeat(5000),
    ];
    const answers = await Promise.all(ids.map((id) => revoke(mine, id)));
    const anonymous = answers.map((answer) => answer.text.replace(answer.json.requestId, ''));
    expect(new Set(anonymous).size).toBe(1);
    for (const [index, answer] of answers.entries()) {
      expectProblem(answer, 404, 'session_not_found', ids[index]);
      expect(answer).toMatchObject({ roundTrips: 1, setCookies: [] });
    }
    const headers = answers.map((answer) => [...answer.headers.keys()].join());
    expect(new Set(headers).size).toBe(1);
    const theirs = await client.get('/api/auth/me', { bearer: other.accessToken });
    expect(theirs.status).toBe(200);
    expect((await eventsOf(other.sessionId)).map(({ type }) => type)).toEqual(['user_created']);
  });

  test('is not reached by any text in its place (SQL-02)', async () => {
    const mine = await signIn(client);
    const other = await signIn(client);
    for (const text of tellingInjections) {
      const answer = await revoke(mine, encodeURIComponent(text.toWellFormed()).replaceAll('.', '%2E'));
      expect([404, 405], text).toContain(answer.status);
    }
    expect(await sessionRow(other.sessionId)).not.toBeNull();
    expect(await sessionRow(mine.sessionId)).not.toBeNull();
  });
});

describe('a caller whose own session has ended', () => {
  test('ends no other any more, by none of the ways (SES-10)', async () => {
    const mine = await signIn(client);
    const other = signedInBy(await logIn(client, mine.email));
    await revoke({ ...other, email: mine.email }, mine.sessionId);
    const bearer = mine.accessToken;
    for (const [method, address] of [
      ['GET', path],
      ['DELETE', `${path}/${other.sessionId}`],
      ['DELETE', `${path}/unknown`],
      ['DELETE', path],
      ['DELETE', `${path}?keep=current`],
    ] as const) {
      expectProblem(await client.call(method, address, { bearer }), 401, 'unauthenticated', address);
    }
    expect(await sessionRow(other.sessionId)).not.toBeNull();
  });
});

describe('the query of DELETE /api/auth/sessions', () => {
  let mine: SignedIn;
  beforeAll(async () => {
    mine = await signIn(client);
  });

  test.each([
    ['?keep=a', '/keep', 'invalid'],
    ['?keep=', '/keep', 'invalid'],
    ['?keep', '/keep', 'invalid'],
    ['?keep=Current', '/keep', 'invalid'],
    ['?keep=current&keep=current', '/keep', 'invalid'],
    ['?keep=current&keep=other', '/keep', 'invalid'],
    ['?keep=current&all=true', '/all', 'unknown_member'],
    ['?Keep=current', '/Keep', 'unknown_member'],
    ['?keep%5B%5D=current', '/keep[]', 'unknown_member'],
    ['?__proto__=current', '/__proto__', 'unknown_member'],
  ])('is refused as %s, and nobody is signed out (INP-13)', async (search, pointer, code) => {
    const { accessToken, sessionId } = mine;
    const answer = await client.call('DELETE', `${path}${search}`, { bearer: accessToken });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.json.errors).toMatchObject([{ pointer, code }]);
    expect(answer).toMatchObject({ roundTrips: 0, setCookies: [] });
    expect(await sessionRow(sessionId)).not.toBeNull();
  });
});

describe('ending sessions when the answer of the database is lost', () => {
  async function withLostAnswer(address: (own: SignedIn) => string) {
    const own = await signIn(client);
    const other = signedInBy(await logIn(client, own.email));
    const faulty = await faultyEndpoint(['commit-then-drop']);
    const behind = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
    const answer = await behind.call('DELETE', address(own), { bearer: own.accessToken });
    const events = await query(sql`
      SELECT e.id FROM security_events e
      WHERE e.user_id = ${own.userId}::uuid AND e.type = 'authn_token_revoked'`);
    return { answer, own, other, events };
  }

  test.each<[what: string, address: (own: SignedIn) => string, revoked: number]>([
    ['the calling one', ({ sessionId }) => `${path}/${sessionId}`, 1],
    ['all of them', () => path, 2],
    ['all others', () => `${path}?keep=current`, 1],
  ])(
    'answers what the first run did, and records it once: %s (DBF-10, LOG-08)',
    async (what, address, revoked) => {
      const { answer, own, other, events } = await withLostAnswer(address);
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
      if (what !== 'the calling one') expect(answer.json).toEqual({ success: true, revokedCount: revoked });
      expect(answer.setCookies).toHaveLength(what === 'all others' ? 0 : 2);
      const rows = [await sessionRow(own.sessionId), await sessionRow(other.sessionId)];
      expect(rows.map((row) => row !== null)).toEqual([what === 'all others', what === 'the calling one']);
      expect(events).toHaveLength(revoked);
    },
  );
});

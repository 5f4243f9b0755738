import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Answer } from '../../support/client.ts';
import { TestClient } from '../../support/client.ts';
import { type Fault, type FaultyEndpoint, faultyEndpoint } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import {
  ageRotations,
  eventsOf,
  refreshBy,
  refreshByBody,
  refreshByCookie,
  refreshCookie,
  type SignedIn,
  sessionRow,
  signIn,
  successorIn,
} from './session-fixtures.ts';

const faults: readonly [string, Fault][] = [
  ['refuses connections', 'refuse'],
  ['never answers', 'hang'],
  ['answers 500', { status: 500 }],
  ['shuts down (57P01)', { sqlstate: '57P01' }],
  ['answers what is no JSON', 'garbage'],
];

let faulty: FaultyEndpoint;
/** Talks to the database through the endpoint that misbehaves. */
let client: TestClient;
/** The same, with long enough for any honest answer. */
let patient: TestClient;
const healthy = new TestClient();

beforeAll(async () => {
  faulty = await faultyEndpoint();
  client = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint, DATABASE_TIMEOUT_MS: '200' });
  patient = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
});

function expectUnavailable(answer: Answer): void {
  expect(answer).toMatchObject({ status: 503, json: { code: 'service_unavailable' }, setCookies: [] });
  const retryAfter = Number(answer.headers.get('Retry-After'));
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(5);
  expect(answer.headers.get('WWW-Authenticate')).toBeNull();
}

describe.each(faults)('while the database %s', (_name, fault) => {
  test.each(['cookie', 'body'] as const)(
    'a refresh by %s is 503 for ten tries, and then the same token refreshes (RFR-05, DBF-03, T12)',
    async (transport) => {
      const signedIn = await signIn(healthy);
      const token = transport === 'cookie' ? signedIn.cookieToken : signedIn.bodyToken;
      const before = await sessionRow(signedIn.sessionId);
      await faulty.plan({ always: fault });
      const tries = Array.from({ length: 10 }, () => refreshBy(transport, client, token));
      for (const answer of await Promise.all(tries)) {
        expectUnavailable(answer);
        expect(answer.roundTrips).toBe(2);
      }
      expect(await sessionRow(signedIn.sessionId)).toEqual(before);
      const recovered = await refreshBy(transport, healthy, token);
      expect(recovered.status).toBe(200);
      expect(successorIn(transport, recovered)).not.toBe(token);
      expect((await eventsOf(signedIn.sessionId)).map(({ type }) => type)).toEqual(['user_created']);
    },
  );
});

test('a logout is 503 while the database refuses, and leaves the cookies, so that it can be tried again (DBF-03, T12)', async () => {
  const { cookieToken, sessionId } = await signIn(healthy);
  const cookies = { [refreshCookie]: cookieToken };
  await faulty.plan({ always: 'refuse' });
  expectUnavailable(await client.post('/api/auth/logout', undefined, { cookies }));
  expect(await sessionRow(sessionId)).not.toBeNull();
  expect((await healthy.post('/api/auth/logout', undefined, { cookies })).status).toBe(200);
  expect(await sessionRow(sessionId)).toBeNull();
});

describe('a refresh whose answer is lost after the commit', () => {
  test.each(['cookie', 'body'] as const)(
    'is repeated by the Worker itself: 200 with one rotation, by %s (RFR-04)',
    async (transport) => {
      const signedIn = await signIn(healthy);
      const token = transport === 'cookie' ? signedIn.cookieToken : signedIn.bodyToken;
      await faulty.plan(['commit-then-drop']);
      const answer = await refreshBy(transport, patient, token);
      expect(answer).toMatchObject({ status: 200, roundTrips: 2 });
      expect(await sessionRow(signedIn.sessionId)).toMatchObject({ [`${transport}_counter`]: 1 });
      const successor = successorIn(transport, answer) ?? '';
      await ageRotations(signedIn.sessionId, 31);
      expect((await refreshBy(transport, healthy, successor)).status).toBe(200);
    },
  );

  test('twice over is 503, and the retry of the client gets the same successor (RFR-04, DBF-09, T10)', async () => {
    const { bodyToken, sessionId } = await signIn(healthy);
    await faulty.plan(['commit-then-drop', 'commit-then-drop']);
    expectUnavailable(await refreshByBody(patient, bodyToken));
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1 });
    const retries = [];
    for (let retry = 0; retry < 10; retry++) retries.push(await refreshByBody(patient, bodyToken));
    expect(new Set(retries.map(({ json }) => json.refreshToken)).size).toBe(1);
    expect(retries.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1 });

    await ageRotations(sessionId, 31);
    expect((await refreshByBody(patient, bodyToken)).json.code).toBe('refresh_token_reused');
    expect((await refreshByBody(patient, retries[0]?.json.refreshToken)).status).toBe(401);
  });

  test('by cookie, twice over: neither the 503 nor the retry clears a cookie (RFR-04)', async () => {
    const { cookieToken } = await signIn(healthy);
    await faulty.plan(['commit-then-drop', 'commit-then-drop']);
    expectUnavailable(await refreshByCookie(patient, cookieToken));
    const retry = await refreshByCookie(patient, cookieToken);
    expect(retry.status).toBe(200);
    expect(retry.setCookies.every((cookie) => !cookie.endsWith('Max-Age=0'))).toBe(true);
  });

  test('and that reaches the database only after its own repeat is no theft: one rotation (RFR-04, DBF-10)', async () => {
    const hasty = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint, DATABASE_TIMEOUT_MS: '1000' });
    const { bodyToken, sessionId } = await signIn(healthy);
    await faulty.plan([{ delayMs: 1500 }]);
    const before = (await faulty.seen()).length;
    const answer = await refreshByBody(hasty, bodyToken);
    expect(answer).toMatchObject({ status: 200, roundTrips: 2 });
    await vi.waitUntil(async () => (await faulty.seen())[before]?.commands !== undefined, 10_000);
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1 });
    expect((await refreshByBody(healthy, bodyToken)).json.refreshToken).toBe(answer.json.refreshToken);
  }, 15_000);

  test('is not repeated by the Worker where the repeat could fall outside the grace (DBF-04)', async () => {
    const { DATABASE_HTTP_ENDPOINT } = patient.env;
    const strict = new TestClient({
      DATABASE_HTTP_ENDPOINT: String(DATABASE_HTTP_ENDPOINT),
      REFRESH_GRACE_SECONDS: '0',
    });
    const { bodyToken, sessionId } = await signIn(healthy);
    await faulty.plan(['commit-then-drop']);
    const answer = await refreshByBody(strict, bodyToken);
    expectUnavailable(answer);
    expect(answer.roundTrips).toBe(1);
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1 });
  });
});

/** A session whose first token is no longer good. */
async function stolen() {
  const signedIn = await signIn(healthy);
  const next = await refreshByBody(healthy, signedIn.bodyToken);
  await ageRotations(signedIn.sessionId, 31);
  return { ...signedIn, token: signedIn.bodyToken, successor: next.json.refreshToken as string };
}

/** The session is gone, with one event and one notice. */
async function expectEndedOnce({ sessionId, email }: SignedIn): Promise<void> {
  expect(await sessionRow(sessionId)).toBeNull();
  const types = (await eventsOf(sessionId)).map(({ type }) => type);
  expect(types).toEqual(['user_created', 'authn_token_reuse']);
  const told = (await mailsTo(healthy, email)).filter(({ kind }) => kind === 'refresh_token_reused');
  expect(told).toHaveLength(1);
}

describe('the end of a session whose token was reused', () => {
  test.each([['refuse'], ['hang'], [{ sqlstate: '57P01' }]] as const)(
    'is as if it had never begun where the database fails before it (%j): 503, and the next use ends it (RFR-02, DBF-15)',
    async (fault) => {
      const reused = await stolen();
      const before = await sessionRow(reused.sessionId);
      await faulty.plan(['pass', fault, fault]);
      const answer = await refreshByBody(client, reused.token);
      expectUnavailable(answer);
      expect(answer.roundTrips).toBe(3);
      expect(await sessionRow(reused.sessionId)).toEqual(before);
      expect((await eventsOf(reused.sessionId)).map(({ type }) => type)).toEqual(['user_created']);
      expect((await mailsTo(healthy, reused.email)).map(({ kind }) => kind)).not.toContain(
        'refresh_token_reused',
      );
      expect((await refreshByBody(healthy, reused.token)).json.code).toBe('refresh_token_reused');
      await expectEndedOnce(reused);
    },
  );

  test.each([
    ['that finds the reuse', ['commit-then-drop']],
    ['that ends the session', ['pass', 'commit-then-drop']],
  ] as const)(
    'is repeated where the answer of the call was lost %s: told and recorded once (RFR-02, DBF-10)',
    async (_which, plan) => {
      const reused = await stolen();
      await faulty.plan([...plan]);
      expect(await refreshByBody(patient, reused.token)).toMatchObject({
        ...{ status: 401, roundTrips: 3, json: { code: 'refresh_token_reused' } },
      });
      await expectEndedOnce(reused);
    },
  );

  test('lost twice over is 503, and stays ended: told and recorded once (DBF-10)', async () => {
    const reused = await stolen();
    await faulty.plan(['pass', 'commit-then-drop', 'commit-then-drop']);
    expectUnavailable(await refreshByBody(patient, reused.token));
    await expectEndedOnce(reused);
    for (const token of [reused.token, reused.successor])
      expect((await refreshByBody(healthy, token)).json.code).toBe('session_expired');
  });
});

test('a logout whose answer is lost after the commit is 200, with one event (DBF-10)', async () => {
  const { bodyToken, sessionId } = await signIn(healthy);
  await faulty.plan(['commit-then-drop']);
  expect((await patient.post('/api/auth/logout', { refreshToken: bodyToken })).status).toBe(200);
  expect(await sessionRow(sessionId)).toBeNull();
  const types = (await eventsOf(sessionId)).map(({ type }) => type);
  expect(types).toEqual(['user_created', 'authn_token_revoked']);
});

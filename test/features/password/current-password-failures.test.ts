import { describe, expect, test } from 'vitest';
import { recordLog } from '../../contract/recorded-log.ts';
import { otherPassword, password } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { type Fault, faultyEndpoint } from '../../support/database.ts';
import { claimsOf, type SignedIn, signIn } from '../sessions/session-fixtures.ts';
import {
  changePassword,
  expectAlive,
  expectDead,
  ownersRoutes,
  prove,
  recordsOf,
  signInAgain,
} from './signed-in-owner.ts';
import { findSessions, findUsers } from './stored-accounts.ts';

const client = new TestClient();
const routes = Object.keys(ownersRoutes);

/** The events that a success leaves, beside those of before. */
const successes: Readonly<Record<string, string>> = {
  'POST /api/auth/reauthenticate': 'authn_login_success',
  'POST /api/auth/password/change': 'authn_password_change',
  'DELETE /api/auth/me': 'user_deleted',
};

async function faultyClient(faults: readonly Fault[], attemptsMax = '10') {
  const { endpoint, seen } = await faultyEndpoint(faults);
  const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint, LOGIN_ATTEMPTS_MAX: attemptsMax });
  return { faulty, seen };
}

/** Checks that the work was done: once, wholly, with the tokens that were answered. */
async function expectDone(key: string, owner: SignedIn, answer: Answer): Promise<void> {
  expect(answer.status, answer.text).toBe(200);
  const records = (await recordsOf(owner.userId)).slice(1);
  expect(records).toMatchObject([{ type: successes[key], request_id: answer.headers.get('X-Request-Id') }]);
  await expectDead(client, owner);
  if (key.startsWith('DELETE')) {
    expect(await findUsers(owner.email)).toEqual([]);
    return;
  }
  await expectAlive(client, answer);
  expect(await findSessions(owner.userId)).toMatchObject([{ id: claimsOf(answer.json.accessToken).sid }]);
  const text = key.includes('change') ? otherPassword : password;
  expect((await client.post('/api/auth/login', { email: owner.email, password: text })).status).toBe(200);
}

// That a statement which never ran has changed nothing: test/contract/crash-points.test.ts.
describe.each(routes)('%s', (key) => {
  test.each<[which: string, faults: Fault[]]>([
    ['first', ['commit-then-drop']],
    ['second', ['pass', 'commit-then-drop']],
  ])(
    'whose %s answer was lost is answered 200 all the same, and has happened once (DBF-10)',
    async (_which, faults) => {
      const owner = await signIn(client);
      const { faulty, seen } = await faultyClient(faults, '1');
      const answer = await prove(faulty, key, owner);
      expect(answer).toMatchObject({ roundTrips: 3 });
      expect((await seen()).map(({ fault }) => fault)).toEqual([
        ...faults,
        ...Array(3 - faults.length).fill('pass'),
      ]);
      await expectDone(key, owner, answer);
    },
  );

  test('whose second answer was lost twice is 503, done, and safe to be asked again (DBF-09)', async () => {
    const lines = recordLog();
    const owner = await signIn(client);
    const { faulty } = await faultyClient(['pass', 'commit-then-drop', 'commit-then-drop']);
    const answer = await prove(faulty, key, owner);
    expect(answer).toMatchObject({ status: 503, roundTrips: 3, setCookies: [] });
    expect((await recordsOf(owner.userId)).map(({ type }) => type)).toEqual(['user_created', successes[key]]);
    // The tokens for the new id are lost with the answer: whoever asks again has to sign in.
    expect((await prove(client, key, owner)).json.code).toBe('unauthenticated');
    const text = key.includes('change') ? otherPassword : password;
    const login = await client.post('/api/auth/login', { email: owner.email, password: text });
    expect(login.status).toBe(key.startsWith('DELETE') ? 401 : 200);
    expect(lines).toHaveLength(1);
  });

  test('with a wrong password whose record is lost is 503, never 403, and is not recorded twice (DBF-03, DBF-04)', async () => {
    recordLog();
    const owner = await signIn(client);
    const { faulty } = await faultyClient(['pass', 'commit-then-drop']);
    expect(await prove(faulty, key, owner, 'wrong')).toMatchObject({ status: 503, roundTrips: 2 });
    expect(await recordsOf(owner.userId)).toHaveLength(2);
  });

  test('writes the change and its record in one call (LOG-08)', async () => {
    const owner = await signIn(client);
    const { faulty, seen } = await faultyClient([]);
    await prove(faulty, key, owner);
    const calls = (await seen()).map(({ queries }) => queries.join(';'));
    expect(calls[1]).toMatch(/UPDATE sessions|DELETE FROM users/);
    expect(calls[1]).toContain('INSERT INTO security_events');
    expect(calls[0]).not.toMatch(/UPDATE (users|sessions)|DELETE/);
  });
});

describe('a password change whose answer was lost', () => {
  test('ends the other sessions and records each of them once (DBF-10, SES-06)', async () => {
    const owner = await signIn(client);
    const other = await signInAgain(client, owner.email);
    const { faulty } = await faultyClient(['pass', 'commit-then-drop']);
    const answer = await changePassword(faulty, owner);
    expect(answer).toMatchObject({ status: 200, roundTrips: 3 });
    const ended = (await recordsOf(owner.userId)).filter(({ type }) => type === 'authn_token_revoked');
    expect(ended).toMatchObject([{ session_id: other.sessionId }]);
    await expectDead(client, other);
    await expectAlive(client, answer);
  });
});

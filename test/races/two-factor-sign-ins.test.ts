import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { changePassword } from '../features/password/signed-in-owner.ts';
import { type SignedIn, signIn } from '../features/sessions/session-fixtures.ts';
import { freshClient, password } from '../support/accounts.ts';
import type { Answer } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { describe, roundsOf } from '../support/races.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  type TwoFactorUser,
  twoFactorUser,
} from '../support/two-factor.ts';
import { headStartOf, releaseTogether } from './held-calls.ts';
import { crowdOf } from './together.ts';
import {
  countOpenedAfter,
  enable,
  expectConsistent,
  expectNoDeadlock,
  noteEnds,
  patientClient,
  startSetup,
  stateOf,
  tally,
} from './two-factor-state.ts';
import { untilAsleep } from './until-asleep.ts';

const client = patientClient();

beforeAll(async () => {
  await noteEnds();
});
afterEach(() => vi.restoreAllMocks());
expectNoDeadlock();

const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const signOutEverywhere = ({ accessToken }: TwoFactorUser) =>
  client.call('DELETE', '/api/auth/sessions', { bearer: accessToken });

const crowd = crowdOf(20);

/** What came last is let go first in every other round, so that the end is now before the sign-ins, now behind them. */
describe(`${crowd} sign-ins on a trusted device`, { timeout: 240_000 }, () => {
  const forgetAll = async ({ accessToken: bearer }: TwoFactorUser) => {
    const { json } = await client.get('/api/auth/trusted-devices', { bearer });
    const { id } = json.trustedDevices[0];
    return () => client.call('DELETE', `/api/auth/trusted-devices/${id}`, { bearer });
  };
  const endings: [name: string, prepare: (user: TwoFactorUser) => Promise<() => Promise<Answer>>][] = [
    ['the device is forgotten', forgetAll],
    ['its owner signs out everywhere', async (user) => () => signOutEverywhere(user)],
    ['the password is changed', async (user) => () => changePassword(client, user)],
  ];

  test.each(endings)('while %s: none opens a session behind that', async (name, prepare) => {
    const outcomes = new Set<string>();
    for (let round = 0; round < roundsOf(30, outcomes.size < 2); round++) {
      const user = await twoFactorUser(client);
      const proof = { code: await freshCode(client, user), trustDevice: true };
      const first = await completeChallenge(client, await challenge(client, user), proof);
      const { trustedDeviceToken } = first.json;
      const end = await prepare(user);
      const body = { email: user.email, password, trustedDeviceToken };
      releaseTogether(/INSERT INTO sessions|DELETE FROM trusted_devices/, crowd + 1, headStartOf(round));
      const [ended, ...logins] = await Promise.all([
        scheduler.wait(round).then(end),
        ...Array.from({ length: crowd }, () =>
          client.post('/api/auth/login', body, { headers: freshClient() }),
        ),
      ]);
      vi.restoreAllMocks();
      expect(ended.status, ended.text).toBe(200);
      expect(await countOpenedAfter(user.userId, 'trusted_devices')).toBe(0);
      for (const login of logins) {
        outcomes.add(login.json.accessToken ? 'session' : 'none');
        if (name === 'the password is changed' && login.status === 401) continue;
        expect(login.status, login.text).toBe(200);
      }
      if (name !== 'the device is forgotten')
        for (const { json } of logins.filter((login) => login.json.accessToken))
          expect((await client.get('/api/auth/me', { bearer: json.accessToken })).status).toBe(401);
      const later = await client.post('/api/auth/login', body, { headers: freshClient() });
      expect(later.json.accessToken).toBeUndefined();
    }
    expect(outcomes).toEqual(new Set(['session', 'none']));
  });

  test('that come while the end of the trust is not committed yet wait, and are challenges', async () => {
    const user = await twoFactorUser(client);
    const proof = { code: await freshCode(client, user), trustDevice: true };
    const { json } = await completeChallenge(client, await challenge(client, user), proof);
    const { sessions } = (await stateOf(user.userId))!;
    const ending = openDatabase().batch([
      sql`SELECT u.id FROM users u WHERE u.id = ${user.userId}::uuid FOR NO KEY UPDATE`,
      sql`DELETE FROM trusted_devices WHERE user_id = ${user.userId}::uuid`,
      sql`SELECT pg_sleep(1)`,
    ]);
    await untilAsleep(1);
    const body = { email: user.email, password, trustedDeviceToken: json.trustedDeviceToken };
    const logins = await times(crowd, () => client.post('/api/auth/login', body, { headers: freshClient() }));
    await ending;
    for (const login of logins) expect(login.json.twoFactorRequired, login.text).toBe(true);
    expect((await stateOf(user.userId))!.sessions).toBe(sessions);
  });
});

describe('two-factor that is turned on', { timeout: 240_000 }, () => {
  test('while many logins are on their way: each opens a session before, or is a challenge (SES-18)', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < roundsOf(30, outcomes.size < 2); round++) {
      const owner: SignedIn = await signIn(client);
      const secret = await startSetup(client, owner.accessToken, owner.userId);
      const logIn = () =>
        client.post('/api/auth/login', { email: owner.email, password }, { headers: freshClient() });
      releaseTogether(/INSERT INTO sessions|UPDATE factors f SET added_at/, crowd + 1, headStartOf(round));
      const [enabled, ...logins] = await Promise.all([
        scheduler
          .wait(round)
          .then(() => enable(client, owner.accessToken, codeAt(secret)))
          .then(async (answer) => Object.assign(answer, { later: await logIn() })),
        ...Array.from({ length: crowd }, logIn),
      ]);
      vi.restoreAllMocks();
      expect(enabled.status, enabled.text).toBe(200);
      expect(enabled.later.json).toMatchObject({ twoFactorRequired: true });
      expect(Object.keys(tally(logins))).toEqual(['200']);
      for (const { json } of logins) outcomes.add(json.accessToken ? 'session' : 'challenge');
      expect(await countOpenedAfter(owner.userId, 'factors')).toBe(0);
      await expectConsistent();
    }
    expect(outcomes).toEqual(new Set(['session', 'challenge']));
  });
});

import { decodeJwt } from 'jose';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import {
  accountsOf,
  otherPasswords,
  postRegistration,
  registerForToken,
  requiredClient,
  resend,
  unverifiedAccount,
  verify,
  waitingFor,
} from '../features/email-verification/pending-registrations.ts';
import { freshClient, freshEmail, otherPassword, password, registration } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { storeLink } from '../support/links.ts';
import { mailsTo } from '../support/mailbox.ts';
import { describe, roundsOf } from '../support/races.ts';
import { adminSecret } from '../support/test-env.ts';
import { headStartOf, releaseTogether } from './held-calls.ts';
import { holdRows } from './hold-rows.ts';
import { crowdOf, times, together } from './together.ts';
import { sessionsOf } from './two-factor-state.ts';
import { untilWaiting } from './until-waiting.ts';

const patient = { DATABASE_TIMEOUT_MS: '8000', LOGIN_ATTEMPTS_MAX: '100' };
const open = new TestClient({ ...patient, ADMIN_SECRET: adminSecret });
const required = requiredClient(patient);

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

const parallel = crowdOf(20);
const consuming = 'spent_by = ';

function expectOneSuccess(answers: readonly Answer[]): Answer {
  const winners = answers.filter(({ status }) => status === 200);
  const losers = answers.filter(({ status }) => status !== 200);
  expect(winners).toHaveLength(1);
  expect(losers.map(({ status, json }) => [status, json.code])).toEqual(
    losers.map(() => [400, 'token_invalid']),
  );
  for (const { setCookies } of losers) expect(setCookies).toEqual([]);
  return winners[0]!;
}

describe('of many verifications with one token exactly one succeeds (EML-07)', { timeout: 60_000 }, () => {
  test('by the session of the account', async () => {
    const { email, token, json, userId } = await unverifiedAccount(open);
    const { accessToken: bearer } = json;
    const winner = expectOneSuccess(
      await together(
        consuming,
        times(parallel, () => verify(open, { token }, { bearer })),
      ),
    );
    expect(winner.json.user.emailVerified).toBe(true);
    expect(await accountsOf(open, email)).toMatchObject([{ id: userId, is_verified: true }]);
    expect(await sessionsOf(userId)).toEqual([decodeJwt(bearer).sid]);
  });

  test('by its password: there is one session afterwards', async () => {
    const { email, token, userId } = await unverifiedAccount(open);
    const winner = expectOneSuccess(
      await together(
        consuming,
        times(parallel, () => verify(open, { token, password })),
      ),
    );
    expect(await accountsOf(open, email)).toMatchObject([{ id: userId, is_verified: true }]);
    expect(await sessionsOf(userId)).toEqual([decodeJwt(winner.json.accessToken).sid]);
  });

  test.each([false, true])('of a pending registration, with an account to claim: %s', async (isClaim) => {
    const email = isClaim ? (await unverifiedAccount(open)).email : freshEmail();
    const token = await registerForToken(required, email, otherPasswords);
    const winner = expectOneSuccess(
      await together(
        consuming,
        times(parallel, () => verify(required, { token, password: otherPassword })),
      ),
    );
    const { id } = winner.json.user;
    expect(await accountsOf(open, email)).toMatchObject([{ id, is_verified: true }]);
    expect(await sessionsOf(id)).toEqual([decodeJwt(winner.json.accessToken).sid]);
    expect(await waitingFor(open, email)).toBe(0);
  });
});

describe('pending registrations of one address at the same time', { timeout: 60_000 }, () => {
  test('many of one client in mixed case are 202 each, make no user, and mail five times (EML-01, EML-10)', async () => {
    const email = freshEmail();
    const headers = freshClient();
    const spelling = (index: number) =>
      index % 3 === 0 ? email : index % 3 === 1 ? email.toUpperCase() : `U${email.slice(1)}`;
    releaseTogether('INSERT INTO registration_attempts', crowdOf(30));
    const answers = await Promise.all(
      Array.from({ length: crowdOf(30) }, (_, index) =>
        required.post('/api/auth/register', registration(spelling(index)), { headers }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(crowdOf(30)).fill(202));
    expect(await accountsOf(open, email)).toEqual([]);
    expect(await mailsTo(open, email)).toHaveLength(5);
    expect(await waitingFor(open, email)).toBe(5);
  });

  test.each([0, 1, 2, 3])(
    'of two that are verified one wins, with its own password (LNK-06), round %i',
    async (round) => {
      const email = round % 2 === 0 ? freshEmail() : (await unverifiedAccount(open)).email;
      const one = await registerForToken(required, email);
      const other = await registerForToken(required, email, otherPasswords);
      releaseTogether(consuming, 2, round < 2 ? 0 : -20);
      const winner = expectOneSuccess(
        await Promise.all([
          verify(required, { token: one, password }),
          verify(required, { token: other, password: otherPassword }),
        ]),
      );
      expect(await accountsOf(open, email)).toHaveLength(1);
      expect(await sessionsOf(winner.json.user.id)).toHaveLength(1);
      const logins = await Promise.all(
        [password, otherPassword].map((text) => required.post('/api/auth/login', { email, password: text })),
      );
      expect(logins.map(({ status }) => status).toSorted()).toEqual([200, 401]);
    },
  );

  test('registers, resends, verifications and logins side by side leave one account and no error', async () => {
    for (const _ of Array(4)) {
      const email = freshEmail();
      const tokens = [await registerForToken(required, email), await registerForToken(required, email)];
      const answers = await Promise.all([
        ...tokens.flatMap((token) => [
          verify(required, { token, password }),
          verify(required, { token, password }),
        ]),
        ...Array.from({ length: 4 }, () => postRegistration(required, email)),
        ...Array.from({ length: 4 }, () => resend(required, email)),
        ...Array.from({ length: 4 }, () => required.post('/api/auth/login', { email, password })),
      ]);
      for (const { status, text } of answers) expect(status, text).toBeLessThan(500);
      expect(answers.slice(0, 4).filter(({ status }) => status === 200)).toHaveLength(1);
      expect(await accountsOf(open, email)).toHaveLength(1);
    }
  });
});

describe('a first verification against a login that is under way (LNK-05)', { timeout: 60_000 }, () => {
  test('ends the session of a login that came first, and leaves one that came after it', async () => {
    const survivals = new Set<boolean>();
    for (let round = 0; round < roundsOf(20, survivals.size < 2); round++) {
      const { email, token, json, userId } = await unverifiedAccount(open);
      const { accessToken: bearer } = json;
      releaseTogether(userId, 2, headStartOf(round));
      const [verified, login] = await Promise.all([
        verify(open, { token }, { bearer }),
        open.post('/api/auth/login', { email, password }),
      ]);
      vi.restoreAllMocks();
      expect([verified.status, login.status]).toEqual([200, 200]);
      const isAlive = (await open.get('/api/auth/me', { bearer: login.json.accessToken })).status === 200;
      survivals.add(isAlive);
      const sids = [bearer, ...(isAlive ? [login.json.accessToken] : [])].map((text) => decodeJwt(text).sid);
      expect((await sessionsOf(userId)).toSorted()).toEqual(sids.toSorted());
    }
    // Both orders were met, or this was no race.
    expect(survivals.size).toBe(2);
  });
});

describe('a verification against the end of its account', { timeout: 60_000 }, () => {
  test.each(['session', 'password', 'claim'])(
    'by a ban leaves no session in the table, by %s (SES-07)',
    async (by) => {
      const statuses = new Set<number>();
      for (let round = 0; round < roundsOf(15, by !== 'claim' && statuses.size < 2); round++) {
        const { email, token, json, userId } = await unverifiedAccount(open);
        const { accessToken: bearer } = json;
        const waiting = by === 'claim' ? await registerForToken(required, email) : token;
        if (by !== 'claim') releaseTogether(userId, 2, headStartOf(round));
        const [verified, ban] = await Promise.all([
          by === 'session'
            ? verify(open, { token }, { bearer })
            : verify(required, { token: waiting, password }),
          open.post(`/api/admin/users/${userId}/ban`, undefined, { bearer: adminSecret }),
        ]);
        vi.restoreAllMocks();
        statuses.add(verified.status);
        expect(ban.status).toBe(200);
        expect([200, 400]).toContain(verified.status);
        expect(await sessionsOf(userId)).toEqual([]);
        expect(await accountsOf(open, email)).toHaveLength(1);
      }
      if (by !== 'claim') expect(statuses).toEqual(new Set([200, 400]));
    },
  );

  test('by its deletion: nothing of it is left, and no 500', async () => {
    for (const _ of Array(6)) {
      const { email, token, json, userId } = await unverifiedAccount(open);
      const { accessToken: bearer } = json;
      const [deleted, verified] = await Promise.all([
        open.call('DELETE', '/api/auth/me', { bearer, body: { password } }),
        verify(open, { token, password }),
      ]);
      // The verification may have ended the session that asked for the deletion.
      expect([200, 401, 403]).toContain(deleted.status);
      expect([200, 400]).toContain(verified.status);
      if (deleted.status === 200) {
        expect(await accountsOf(open, email)).toEqual([]);
        expect(await sessionsOf(userId)).toEqual([]);
      }
    }
  });
});

describe('an account before its verification commits (EML-09)', { timeout: 60_000 }, () => {
  test('signs nobody in, however far that has come', async () => {
    const { email, userId } = await unverifiedAccount(open);
    const token = await registerForToken(required, email, otherPasswords);
    const logIn = (text: string) => required.post('/api/auth/login', { email, password: text });
    // The verification has taken the account over, and waits for a link that it ends.
    await storeLink(open, 'unlock', { id: userId, email });
    const held = sql`SELECT 1 FROM one_time_tokens WHERE owner_id = ${userId}::uuid AND kind = 'unlock' FOR UPDATE`;
    const [verifying] = await holdRows([held], async () => {
      const answer = verify(required, { token, password: otherPassword });
      await untilWaiting(1);
      expect((await logIn(password)).json.code).toBe('email_not_verified');
      expect((await logIn(otherPassword)).json.code).toBe('invalid_credentials');
      return [answer] as const;
    });
    expect((await verifying).status).toBe(200);
    expect((await logIn(password)).json.code).toBe('invalid_credentials');
    expect((await logIn(otherPassword)).status).toBe(200);
  });
});

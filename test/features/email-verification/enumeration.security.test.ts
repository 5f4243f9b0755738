import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { freshClient, freshEmail, otherPassword, password, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { causeMails, mailsTo } from '../../support/mailbox.ts';
import {
  accountsOf,
  addressClasses,
  databaseOf,
  postRegistration,
  requiredClient,
  resend,
  rowCounts,
  shownBy,
  waitingFor,
} from './pending-registrations.ts';

const client = requiredClient();

const names = Object.keys(addressClasses);

/** What one call shows, costs and writes. */
async function observe(email: string, call: (client: TestClient, email: string) => Promise<Answer>) {
  const faulty = await faultyEndpoint();
  const watched = requiredClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
  const before = await rowCounts(client);
  const answer = await call(watched, email);
  const after = await rowCounts(client);
  const written = Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, count - before[name]!]),
  );
  const { roundTrips, hashes } = answer;
  const statements = (await faulty.seen()).map(({ queries }) => queries);
  return { shown: shownBy(answer), roundTrips, hashes, written, statements };
}

describe('POST /api/auth/register where accounts begin with the verification', () => {
  test('answers every address alike, by the same statement, hash and rows (ENU-04, ENU-12)', async () => {
    const [first, ...others] = await Promise.all(names.map((name) => addressClasses[name]!(client)));
    const expected = await observe(first!, postRegistration);
    expect(expected).toMatchObject({
      shown: { status: 202, setCookies: [] },
      roundTrips: 1,
      hashes: 1,
      written: { users: 0, sessions: 0, registrations: 1, tokens: 1, mails: 1 },
    });
    expect(JSON.parse(expected.shown.text)).toStrictEqual({ success: true, message: expect.any(String) });
    for (const [index, email] of others.entries())
      expect(await observe(email, postRegistration), names[index + 1]).toEqual(expected);
  });

  test.each([
    ['new', ['confirm_registration'], 1],
    ['verified', ['email_taken'], 0],
    ['unverified', ['confirm_registration'], 1],
    ['exempt', ['email_taken'], 0],
    ['pending registration', ['confirm_registration', 'confirm_registration'], 2],
    ['held', [], 0],
    ['reserved', [], 0],
    ['over its limit', Array(5).fill('confirm_registration'), 5],
  ])('and mails an address that is %s %j (ENU-04)', async (name, kinds, waiting) => {
    const email = await addressClasses[name]!(client);
    await postRegistration(client, email);
    const mails = await mailsTo(client, email);
    expect(mails.map(({ kind }) => kind)).toEqual(kinds);
    expect(await waitingFor(client, email)).toBe(waiting);
  });

  test('tells an owner within the limit of their address alone (EML-10)', async () => {
    const email = await addressClasses.verified!(client);
    const headers = freshClient();
    for (const _ of Array(6)) {
      const answer = await client.post('/api/auth/register', registration(email), { headers });
      expect(answer.status).toBe(202);
    }
    expect(await mailsTo(client, email)).toHaveLength(5);
  });

  test('changes nothing of an account that is not verified', async () => {
    const email = await addressClasses.unverified!(client);
    const before = await accountsOf(client, email);
    await postRegistration(client, email, { name: 'Somebody Else' });
    expect(await accountsOf(client, email)).toEqual(before);
  });

  test('refuses a weak password before anything is asked of the database', async () => {
    const weak = { password: 'password123', confirmPassword: 'password123' };
    for (const name of ['new', 'verified']) {
      const answer = await postRegistration(client, await addressClasses[name]!(client), weak);
      expect(answer).toMatchObject({ status: 400, roundTrips: 0, hashes: 0 });
      expect(answer.json.code).toBe('password_too_common');
    }
  });

  test('sends nothing twice where its answer was lost (DBF-07)', async () => {
    for (const name of ['new', 'verified']) {
      const email = await addressClasses[name]!(client);
      const { endpoint } = await faultyEndpoint(['commit-then-drop']);
      const faulty = requiredClient({ DATABASE_HTTP_ENDPOINT: endpoint });
      expect(await postRegistration(faulty, email)).toMatchObject({ status: 202, roundTrips: 2, hashes: 1 });
      expect(await mailsTo(client, email), name).toHaveLength(1);
      expect(await waitingFor(client, email)).toBe(name === 'new' ? 1 : 0);
    }
  });

  test.each(['refuse', 'hang'] as const)(
    'is 503 where the database fails (%s), for every address',
    async (fault) => {
      const { endpoint } = await faultyEndpoint({ always: fault });
      const down = requiredClient({ DATABASE_HTTP_ENDPOINT: endpoint, DATABASE_TIMEOUT_MS: '200' });
      expect((await postRegistration(down, freshEmail())).json.code).toBe('service_unavailable');
    },
  );
});

// In this order: the last test lets the hour end.
describe('a client that has caused 30 mails within an hour', { shuffle: false }, () => {
  const headers = freshClient();
  const register = (email: string) => (asking: TestClient) =>
    asking.post('/api/auth/register', registration(email), { headers });

  beforeAll(async () => {
    await causeMails(client, headers, 30);
  });

  test('is told so at its next register, the same for every address, and nothing is written (ENU-04)', async () => {
    const seen = [];
    for (const name of names) {
      const email = await addressClasses[name]!(client);
      const { shown, ...others } = await observe(email, register(email));
      const { requestId: _, ...body } = JSON.parse(shown.text);
      const { 'retry-after': retryAfter, ...fields } = shown.headers;
      expect(Number(retryAfter)).toBeGreaterThan(3500);
      expect(Number(retryAfter)).toBeLessThanOrEqual(3600);
      seen.push({ ...others, status: shown.status, body, fields });
    }
    expect(seen[0]).toMatchObject({
      ...{ status: 429, body: { code: 'rate_limited' }, roundTrips: 1, hashes: 1 },
      fields: { 'ratelimit-policy': '"mails";q=30;w=3600', ratelimit: '"mails";r=0' },
      written: { users: 0, sessions: 0, registrations: 0, tokens: 0, mails: 0 },
    });
    for (const [index, other] of seen.entries()) expect(other, names[index]).toEqual(seen[0]);
    expectProblem(await register(freshEmail())(client), 429, 'rate_limited');
  });

  test('uses nothing of the limit of an address: its owner can still register', async () => {
    const email = freshEmail();
    expect((await register(email)(client)).status).toBe(429);
    expect((await postRegistration(client, email)).status).toBe(202);
    expect(await mailsTo(client, email)).toMatchObject([{ kind: 'confirm_registration' }]);
  });

  test('is 202 with resend and forgot, as everybody always is', async () => {
    expect((await resend(client, freshEmail(), headers)).status).toBe(202);
    const forgot = await client.post('/api/auth/password/forgot', { email: freshEmail() }, { headers });
    expect(forgot.status).toBe(202);
  });

  test('registers as before where accounts begin at once, without a mail', async () => {
    const open = new TestClient();
    const email = freshEmail();
    expect((await register(email)(open)).status).toBe(201);
    expect(await mailsTo(client, email)).toEqual([]);
  });

  test('is told the same where the answer was lost, and may again when the window is over', async () => {
    const { endpoint } = await faultyEndpoint(['commit-then-drop']);
    const faulty = requiredClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    const email = freshEmail();
    expect(await register(email)(faulty)).toMatchObject({ status: 429, roundTrips: 2 });
    await databaseOf(client).query(sql`
      UPDATE mail_outbox SET created_at = created_at - interval '1 hour' WHERE client_key IS NOT NULL`);
    expect((await register(email)(client)).status).toBe(202);
  });
});

describe('POST /api/auth/email/resend', () => {
  test('answers every address alike, by the same statement and rows (ENU-05, ENU-12)', async () => {
    const emails = await Promise.all(names.map((name) => addressClasses[name]!(client)));
    const expected = await observe(emails[0]!, resend);
    expect(expected).toMatchObject({
      shown: { status: 202, setCookies: [] },
      roundTrips: 1,
      hashes: 0,
      written: { users: 0, sessions: 0, registrations: 0, tokens: 1, mails: 1 },
    });
    for (const [index, email] of emails.entries())
      if (index > 0) expect(await observe(email, resend), names[index]).toEqual(expected);
  });

  test.each([
    ['new', []],
    ['verified', []],
    ['unverified', ['verify_email']],
    ['exempt', ['verify_email']],
    ['banned', []],
    ['pending registration', ['confirm_registration', 'confirm_registration']],
    ['held', []],
    ['reserved', []],
    ['over its limit', Array(5).fill('confirm_registration')],
  ])('and mails an address that is %s %j (ENU-05)', async (name, kinds) => {
    const email = await addressClasses[name]!(client);
    await resend(client, email);
    expect((await mailsTo(client, email)).map(({ kind }) => kind)).toEqual(kinds);
  });

  test('asks nothing of the database where there is no verification', async () => {
    const off = new TestClient({ EMAIL_VERIFICATION: 'off' });
    const answers = [
      await resend(off, freshEmail()),
      await resend(off, await addressClasses.unverified!(client)),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 202, roundTrips: 0 });
    expect(shownBy(answers[0]!)).toEqual(shownBy(answers[1]!));
  });
});

describe('POST /api/auth/login where accounts begin with the verification', () => {
  function logIn(watched: TestClient, email: string, text: string): Promise<Answer> {
    return watched.post('/api/auth/login', { email, password: text }, { headers: freshClient() });
  }

  test.each(['unverified', 'pending registration'])(
    'of an address that is %s is 403 email_not_verified with the right password alone (EML-09)',
    async (name) => {
      const email = await addressClasses[name]!(client);
      const right = await logIn(client, email, password);
      expect(right).toMatchObject({ status: 403, roundTrips: 2, hashes: 1, setCookies: [] });
      expect(right.json.code).toBe('email_not_verified');
      const wrong = await logIn(client, email, otherPassword);
      expect(wrong).toMatchObject({ status: 401, roundTrips: 2, hashes: 1, setCookies: [] });
      const unknown = await logIn(client, freshEmail(), otherPassword);
      expect(wrong.text.length).toBe(unknown.text.length);
      expect(wrong.json.code).toBe('invalid_credentials');
    },
  );

  test.each(['verified', 'exempt'])('of an address that is %s signs in', async (name) => {
    expect((await logIn(client, await addressClasses[name]!(client), password)).status).toBe(200);
  });

  test('of a banned account that is not verified is 401 like any other', async () => {
    const answer = await logIn(client, await addressClasses.banned!(client), password);
    expect(answer.json.code).toBe('invalid_credentials');
  });

  test('runs the same statements for every class, right password or wrong', async () => {
    const emails = await Promise.all(
      ['new', 'unverified', 'pending registration', 'banned'].map((name) => addressClasses[name]!(client)),
    );
    const seen = [];
    for (const email of emails) {
      const { statements, roundTrips, hashes } = await observe(email, (watched) =>
        logIn(watched, email, password),
      );
      expect([roundTrips, hashes]).toEqual([2, 1]);
      seen.push(statements);
    }
    for (const statements of seen) expect(statements).toEqual(seen[0]);
  });

  test('compares with the newest pending registration, or with the account alone if there is one', async () => {
    const email = freshEmail();
    await postRegistration(client, email);
    await postRegistration(client, email, { password: otherPassword, confirmPassword: otherPassword });
    expect((await logIn(client, email, otherPassword)).status).toBe(403);
    expect((await logIn(client, email, password)).status).toBe(401);

    const taken = await addressClasses.unverified!(client);
    await postRegistration(client, taken, { password: otherPassword, confirmPassword: otherPassword });
    expect((await logIn(client, taken, otherPassword)).status).toBe(401);
    expect((await logIn(client, taken, password)).status).toBe(403);
  });

  test('counts the attempts at a pending registration as at any address', async () => {
    const limited = requiredClient({ LOGIN_ATTEMPTS_MAX: '2' });
    const email = await addressClasses['pending registration']!(client);
    const answers = [];
    for (const _ of Array(3)) answers.push((await logIn(limited, email, password)).status);
    expect(answers).toEqual([403, 403, 429]);
  });
});

describe('the other modes', () => {
  test.each([
    ['off', 0],
    ['optional', 1],
  ])('%s: a new account gets %i mails in the one round trip, and no 403 at login', async (mode, count) => {
    const open = new TestClient({ EMAIL_VERIFICATION: mode });
    const email = freshEmail();
    expect(await postRegistration(open, email)).toMatchObject({ status: 201, roundTrips: 1 });
    const mails = await mailsTo(client, email);
    expect(mails.map(({ kind }) => kind)).toEqual(Array(count).fill('verify_email'));
    const login = await open.post('/api/auth/login', { email, password });
    expect(login.status).toBe(200);
  });

  test('optional: over the limit of mails there is an account all the same (EML-10, EML-12)', async () => {
    const open = new TestClient();
    const email = await addressClasses['over its limit']!(client);
    expect((await postRegistration(open, email)).status).toBe(201);
    const headers = freshClient();
    await causeMails(client, headers, 30);
    const late = freshEmail();
    expect((await open.post('/api/auth/register', registration(late), { headers })).status).toBe(201);
    for (const address of [email, late]) {
      const kinds = (await mailsTo(client, address)).map(({ kind }) => kind);
      expect(kinds).not.toContain('verify_email');
    }
  });

  test('optional: a refused register uses nothing of the limit of the address (EML-10)', async () => {
    const open = new TestClient();
    const email = freshEmail();
    await postRegistration(open, email);
    expect((await postRegistration(open, email)).status).toBe(409);
    await resend(open, email);
    expect(await mailsTo(client, email)).toHaveLength(2);
  });

  test('optional: where the answer of a register was lost there is one mail (DBF-07)', async () => {
    const { endpoint } = await faultyEndpoint(['commit-then-drop']);
    const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    const email = freshEmail();
    expect(await postRegistration(faulty, email)).toMatchObject({ status: 201, roundTrips: 2 });
    expect(await mailsTo(client, email)).toHaveLength(1);
  });
});

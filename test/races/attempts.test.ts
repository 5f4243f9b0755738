import { expect, inject } from 'vitest';
import { runCleanUps } from '../../src/clean-up/clean-up.ts';
import { parseConfig } from '../../src/config.ts';
import { sql } from '../../src/db/sql.ts';
import { cleanupExpiredAttempts } from '../../src/rate-limit/give-attempt-back.sql.ts';
import { recordLog } from '../contract/recorded-log.ts';
import { keyringOf } from '../mail/outbox-rows.ts';
import { freshEmail, password, registerUser } from '../support/accounts.ts';
import { type Answer, TestClient, withLiveHashes } from '../support/client.ts';
import { openDatabase, openForFlow, query } from '../support/database.ts';
import { describe, test } from '../support/races.ts';

const max = 10;
const wrong = 'not the password';
const crowd = inject('isFull') ? 200 : 60;
const waves = inject('isFull') ? 10 : 3;

const client = new TestClient(
  {
    DATABASE_TIMEOUT_MS: '8000',
    LOGIN_ATTEMPTS_MAX: String(max),
  },
  withLiveHashes,
);

function guess(email: string, text: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return client.post('/api/auth/login', { email, password: text }, { headers });
}

function count(answers: readonly Answer[], status: number): number {
  return answers.filter((answer) => answer.status === status).length;
}

function hashesOf(answers: readonly Answer[]): number {
  return answers.reduce((sum, { hashes }) => sum + hashes, 0);
}

describe.each([
  ['an account', async () => (await registerUser(client)).email],
  ['an address that nobody has', async () => freshEmail()],
])(`${crowd} wrong passwords at once on %s`, (_name, prepare) => {
  test('reach the hash as often as the limit says, and the right one is refused afterwards (LIM-03, T3)', async () => {
    const email = await prepare();
    const answers = await Promise.all(Array.from({ length: crowd }, () => guess(email, wrong)));
    expect(hashesOf(answers)).toBe(max);
    expect([count(answers, 401), count(answers, 429)]).toEqual([max, crowd - max]);
    expect((await guess(email, password)).status).toBe(429);
    const [row] = await query<{ count: number }>(sql`
      SELECT max(t.count) AS count FROM login_attempts t WHERE t.bucket LIKE '%:world'`);
    // Those of the limit, the first refusal, and that it was told.
    expect(row?.count).toBe(max + 2);
  });
});

test(`${30 * waves} wrong passwords from as many addresses are blocked after the tenth, while the owner signs in on a known device (LIM-01, LIM-02)`, async () => {
  const owner = await registerUser(client);
  const device = { 'X-Device-Token': owner.headers.get('X-Device-Token') ?? '' };
  const answers: Answer[] = [];
  const logins: number[] = [];
  for (let wave = 0; wave < waves; wave++) {
    const guesses = Array.from({ length: 30 }, (_, index) =>
      guess(owner.email, wrong, { 'CF-Connecting-IP': `203.0.${113 + wave}.${index + 1}` }),
    );
    const login = guess(owner.email, password, { ...device, 'CF-Connecting-IP': '198.51.100.7' });
    answers.push(...(await Promise.all(guesses)));
    logins.push((await login).status);
  }
  expect(hashesOf(answers)).toBe(max);
  expect([count(answers, 401), count(answers, 429)]).toEqual([max, 30 * waves - max]);
  expect(logins).toEqual(Array(waves).fill(200));
});

test('12 logins of the owner at once all succeed while others guess, and no statement runs into another', async () => {
  const { email } = await registerUser(client);
  const wide = new TestClient(
    {
      DATABASE_TIMEOUT_MS: '8000',
      LOGIN_ATTEMPTS_MAX: '100',
    },
    withLiveHashes,
  );
  const attempt = (text: string) => wide.post('/api/auth/login', { email, password: text });
  const mixed = Array.from({ length: 24 }, (_, index) => attempt(index % 2 === 0 ? password : wrong));
  const answers = await Promise.all(mixed);
  expect(answers.map(({ status }) => status)).toEqual(mixed.map((_, index) => (index % 2 === 0 ? 200 : 401)));
  expect(answers.map(({ roundTrips }) => roundTrips)).toEqual(mixed.map(() => 2));
});

test('clean-ups side by side delete each expired bucket once, and no other', async () => {
  const db = openDatabase();
  await db.query(sql`DELETE FROM login_attempts t`);
  await db.query(sql`
    INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
    SELECT 'user:' || n, 1, gen_random_uuid(), now() + make_interval(secs => CASE WHEN n <= 3000 THEN -1 ELSE 60 END)
    FROM generate_series(1, 3010) n`);
  recordLog();
  const attempts = { rows: 'login_attempts', change: 'deleted', runBatch: cleanupExpiredAttempts } as const;
  const openView = () => openForFlow();
  const run = {
    openView,
    keyring: keyringOf(client),
    credentials: [],
    config: parseConfig(client.env),
    runMs: 10_000,
  };
  const runs = await Promise.all(Array.from({ length: 8 }, () => runCleanUps([attempts], run)));
  expect(runs.flat().reduce((sum, { count }) => sum + count, 0)).toBe(3000);
  const [row] = await db.query<{ count: number }>(sql`SELECT count(*)::int AS count FROM login_attempts`);
  expect(row?.count).toBe(10);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { freshClient, freshEmail, logIn, registerUser, registration } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { freshDatabase, openDatabase } from '../../support/database.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let open: TestClient;
let clients: Readonly<Record<string, TestClient>>;

beforeAll(async () => {
  database = await freshDatabase();
  const variables = { DATABASE_URL: database.url };
  open = new TestClient(variables);
  clients = Object.fromEntries(
    ['off', 'optional'].map((mode) => [
      mode,
      new TestClient({ ...variables, EMAIL_VERIFICATION: mode, REGISTRATION: 'closed' }),
    ]),
  );
});
afterAll(() => database.drop());

async function rowCounts() {
  const [row] = await openDatabase(database.url).query(sql`
    SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM sessions) AS sessions,
      (SELECT count(*)::int FROM mail_outbox) AS mails, (SELECT count(*)::int FROM security_events) AS events,
      (SELECT count(*)::int FROM login_attempts) AS buckets`);
  return row;
}

describe.each(['off', 'optional'])('with REGISTRATION=closed and EMAIL_VERIFICATION=%s', (mode) => {
  test('register is 403 for every address and password alike, before anything is read, hashed or written (EML-16)', async () => {
    const { email: taken } = await registerUser(open, {}, freshClient());
    const before = await rowCounts();
    const weak = { password: 'password123', confirmPassword: 'password123' };
    const bodies = [
      registration(freshEmail()),
      registration(taken),
      registration('demo@nexora.ai'),
      registration(freshEmail(), weak),
    ];
    for (const body of bodies) {
      const answer = await clients[mode]!.post('/api/auth/register', body, { headers: freshClient() });
      expectProblem(answer, 403, 'registration_closed');
      expect(answer).toMatchObject({ roundTrips: 0, hashes: 0, setCookies: [] });
    }
    expect(await rowCounts()).toEqual(before);
  });

  test('a body that is wrong is told as ever', async () => {
    const answer = await clients[mode]!.post('/api/auth/register', registration('no address'));
    expectProblem(answer, 400, 'validation_failed');
  });

  test('the accounts that are there go on signing in', async () => {
    const { email } = await registerUser(open, {}, freshClient());
    expect((await logIn(clients[mode]!, email)).status).toBe(200);
  });
});

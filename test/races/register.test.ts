import { afterEach, expect, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { freshClient, freshEmail, registration } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import { releaseTogether } from './held-calls.ts';
import { heldUntilRepeated } from './hold-rows.ts';
import { crowdOf } from './together.ts';
import { untilAsleep } from './until-asleep.ts';

afterEach(() => vi.restoreAllMocks());

interface Made {
  readonly users: number;
  readonly sessions: number;
  readonly events: number;
}

async function madeFor(email: string): Promise<Made | undefined> {
  const [made] = await openDatabase().query<Made>(sql`
    SELECT count(DISTINCT u.id)::int AS users, count(DISTINCT s.id)::int AS sessions, count(DISTINCT e.id)::int AS events
    FROM users u LEFT JOIN sessions s ON s.user_id = u.id LEFT JOIN security_events e ON e.user_id = u.id
    WHERE lower(u.email) = ${email}`);
  return made;
}

describe('POST /api/auth/register at the same time', { timeout: 60_000 }, () => {
  const parallel = crowdOf(30);

  test.each(Array.from({ length: roundsOf(6) }, (_, index) => index + 1))(
    'of many for one address in mixed case exactly one succeeds, the others are 409 (EML-01, T36), round %i',
    async () => {
      const client = new TestClient({ DATABASE_TIMEOUT_MS: '8000' });
      const email = freshEmail();
      const spelling = (index: number) =>
        index % 3 === 0 ? email : index % 3 === 1 ? email.toUpperCase() : `U${email.slice(1)}`;
      releaseTogether('INSERT INTO users', parallel);
      const answers = await Promise.all(
        Array.from({ length: parallel }, (_, index) =>
          client.post('/api/auth/register', registration(spelling(index), { name: `User ${index}` }), {
            // The registrations of one client are counted one after the other, and never meet at the address.
            headers: freshClient(),
          }),
        ),
      );
      const winners = answers.filter(({ status }) => status === 201);
      const losers = answers.filter(({ status }) => status === 409);
      expect([winners.length, losers.length]).toEqual([1, parallel - 1]);
      for (const { json, setCookies } of losers) {
        expect(json.code).toBe('email_taken');
        expect(setCookies).toEqual([]);
      }
      expect(await madeFor(email)).toEqual({ users: 1, sessions: 1, events: 1 });
      const me = await client.get('/api/auth/me', { bearer: winners[0]!.json.accessToken });
      expect(me.json.user).toEqual(winners[0]!.json.user);
    },
  );

  test('of many for different addresses all succeed', async () => {
    const client = new TestClient({ DATABASE_TIMEOUT_MS: '8000' });
    releaseTogether('INSERT INTO users', parallel);
    const answers = await Promise.all(
      Array.from({ length: parallel }, () =>
        client.post('/api/auth/register', registration(freshEmail()), { headers: freshClient() }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(({ json }) => json.user.id)).size).toBe(parallel);
  });
});

describe('a register whose first try is still running when it is repeated', { timeout: 60_000 }, () => {
  // As when a compute wakes up: both tries wait, then both run at once, and neither's snapshot has the other's rows.
  test('answers 201 with the one account that was made (DBF-07, DBF-11)', async () => {
    const emails = Array.from({ length: 8 }, freshEmail);
    const client = new TestClient({ DATABASE_TIMEOUT_MS: '1000' });
    // Whoever registers an address waits for another row of it to stay or go.
    const answers = await heldUntilRepeated(
      emails.map((email) => sql`INSERT INTO users (email, name) VALUES (${email}, 'Nobody')`),
      emails.map(
        (email) => () => client.post('/api/auth/register', registration(email), { headers: freshClient() }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    for (const [index, { json, roundTrips }] of answers.entries()) {
      expect(roundTrips).toBeGreaterThan(1);
      expect(await madeFor(emails[index]!)).toEqual({ users: 1, sessions: 1, events: 1 });
      const me = await client.get('/api/auth/me', { bearer: json.accessToken });
      expect(me.json.user).toEqual(json.user);
    }
  });
});

test('a register that waits for an account to leave the address gets none, since the revert link holds it (EML-08)', async () => {
  const client = new TestClient({ DATABASE_TIMEOUT_MS: '8000' });
  const [email, newEmail] = [freshEmail(), freshEmail()];
  const { json } = await client.post('/api/auth/register', registration(email), { headers: freshClient() });
  const moves = openDatabase().batch([
    sql`UPDATE users SET email = ${newEmail} WHERE id = ${json.user.id}::uuid`,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
      VALUES (sha256(${email}::text::bytea), 'revert_email', ${json.user.id}::uuid, ${email}, ${email}, now() + interval '7 days')`,
    sql`SELECT pg_sleep(1)`,
  ]);
  await untilAsleep(1);
  const answer = await client.post('/api/auth/register', registration(email), { headers: freshClient() });
  await moves;
  expect([answer.status, answer.json.code, answer.setCookies]).toEqual([409, 'email_taken', []]);
  expect(await madeFor(email)).toEqual({ users: 0, sessions: 0, events: 0 });
  const requestId = answer.headers.get('X-Request-Id');
  const left = await openDatabase().query(
    sql`SELECT kind FROM mail_outbox WHERE request_id = ${requestId}::uuid`,
  );
  expect(left).toEqual([]);
});

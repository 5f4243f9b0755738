import { afterEach, beforeAll, expect, vi } from 'vitest';
import { hashPassword } from '../../src/crypto/password-hash.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import { bcryptHash } from '../features/password/stored-accounts.ts';
import { freshClient, freshEmail, password, registration } from '../support/accounts.ts';
import { type Answer, cheapParameters, TestClient } from '../support/client.ts';
import { openDatabase, query } from '../support/database.ts';
import { cheapHash } from '../support/inserted-user.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import { headStartOf, releaseTogether } from './held-calls.ts';
import { heldUntilRepeated } from './hold-rows.ts';
import { crowdOf, times, together } from './together.ts';
import { sessionsOf } from './two-factor-state.ts';
import { untilAsleep } from './until-asleep.ts';

interface Stored {
  readonly id: string;
  readonly email: string;
}

const client = new TestClient({
  DATABASE_TIMEOUT_MS: '8000',
  LOGIN_ATTEMPTS_MAX: '100',
});
let newerHash: string;
const hashes: Record<string, string> = { 'a legacy hash': bcryptHash() };

beforeAll(async () => {
  hashes['a hash of today'] = await cheapHash();
  newerHash = await hashPassword('the newer password', cheapParameters);
});
afterEach(() => vi.restoreAllMocks());

async function storeAccount(kind: string): Promise<Stored> {
  const email = `user-${crypto.randomUUID()}@example.com`;
  const [row] = await query<{ id: string }>(sql`
    INSERT INTO users (email, name, password_hash) VALUES (${email}, 'Stored User', ${hashes[kind]}) RETURNING id`);
  return { id: row!.id, email };
}

function logIn({ email }: Stored, text = password): Promise<Answer> {
  return client.post('/api/auth/login', { email, password: text });
}

async function eventCount({ id }: Stored): Promise<number> {
  const [row] = await query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM security_events WHERE user_id = ${id}::uuid`,
  );
  return row!.count;
}

async function hashOf({ id }: Stored): Promise<string> {
  const [row] = await query<{ password_hash: string }>(
    sql`SELECT password_hash FROM users WHERE id = ${id}::uuid`,
  );
  return row!.password_hash;
}

/** A reset or a ban as the service does them: the account first, then its sessions by a newer snapshot. */
const changes: [name: string, change: (id: string) => Fragment][] = [
  ['a reset', (id) => sql`UPDATE users SET password_hash = ${newerHash} WHERE id = ${id}::uuid`],
  ['a ban', (id) => sql`UPDATE users SET banned_at = now() WHERE id = ${id}::uuid`],
];
const endSessions = (id: string) => sql`DELETE FROM sessions WHERE user_id = ${id}::uuid`;
const kinds = ['a hash of today', 'a legacy hash'];

describe.each(changes)('a login that races %s', { timeout: 60_000 }, (name, change) => {
  test.each(kinds)('with %s leaves no session behind (SES-07)', async (kind) => {
    const statuses = new Set<number>();
    for (let round = 0; round < roundsOf(50, statuses.size < 2); round++) {
      const account = await storeAccount(kind);
      // The change needs no hash, so it is the first to arrive.
      releaseTogether(account.id, 2, headStartOf(round));
      const changed = openDatabase().batch([change(account.id), endSessions(account.id)]);
      const [answer] = await Promise.all([logIn(account), changed]);
      vi.restoreAllMocks();
      statuses.add(answer.status);
      if (answer.status === 200) {
        const me = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
        expect(me.status).toBe(401);
      } else {
        expect(answer.json).toMatchObject({ status: 401, code: 'invalid_credentials' });
      }
      expect(await sessionsOf(account.id)).toEqual([]);
      if (name === 'a reset') expect(await hashOf(account)).toBe(newerHash);
    }
    // Both orders were met, or this was no race.
    expect(statuses).toEqual(new Set([200, 401]));
  });

  test.each(kinds)('with %s and comes second waits for it and fails (SES-07)', async (kind) => {
    const account = await storeAccount(kind);
    const statements = [change(account.id), sql`SELECT pg_sleep(0.7)`, endSessions(account.id)];
    const pending = openDatabase().batch(statements);
    await untilAsleep(1);
    const answer = await logIn(account);
    await pending;
    expect(answer.json).toMatchObject({ status: 401, code: 'invalid_credentials' });
    expect(await sessionsOf(account.id)).toEqual([]);
    if (name === 'a reset') expect(await hashOf(account)).toBe(newerHash);
  });
});

describe('logins at the same time', { timeout: 60_000 }, () => {
  test('two that both replace a legacy hash both succeed, and it is replaced once (HSH-06)', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const account = await storeAccount('a legacy hash');
      const answers = await together(
        'INSERT INTO sessions',
        times(2, () => logIn(account)),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      // The loser reads the new hash, verifies it, and opens its session without writing to the user.
      expect(answers.map(({ roundTrips }) => roundTrips).toSorted()).toEqual([2, 4]);
      expect(answers.map(({ hashes: count }) => count).toSorted()).toEqual([2, 3]);
      expect(await hashOf(account)).toMatch(/^\$argon2id\$/);
      expect([(await sessionsOf(account.id)).length, await eventCount(account)]).toEqual([2, 2]);
    }
  });

  test('twelve that all replace a legacy hash all succeed', async () => {
    const account = await storeAccount('a legacy hash');
    const answers = await together(
      'INSERT INTO sessions',
      times(12, () => logIn(account)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect([(await sessionsOf(account.id)).length, await eventCount(account)]).toEqual([12, 12]);
    expect((await logIn(account)).roundTrips).toBe(2);
  });

  test('many to one account all succeed, each with a session of its own', async () => {
    const crowd = crowdOf(30);
    const account = await storeAccount('a hash of today');
    const answers = await together(
      'INSERT INTO sessions',
      times(crowd, () => logIn(account)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect([(await sessionsOf(account.id)).length, await eventCount(account)]).toEqual([crowd, crowd]);
  });
});

describe('a login whose second statement is still running when it is repeated', { timeout: 60_000 }, () => {
  test.each(kinds)('with %s succeeds with one session and one event (DBF-08, DBF-11)', async (kind) => {
    const accounts = await Promise.all(Array.from({ length: 4 }, () => storeAccount(kind)));
    const impatient = new TestClient({ DATABASE_TIMEOUT_MS: '1000' });
    const answers = await heldUntilRepeated(
      accounts.map(({ id }) => sql`SELECT 1 FROM users WHERE id = ${id}::uuid FOR UPDATE`),
      accounts.map(
        ({ email }) =>
          () =>
            impatient.post('/api/auth/login', { email, password }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    for (const [index, { json, roundTrips }] of answers.entries()) {
      expect(roundTrips).toBeGreaterThan(2);
      const account = accounts[index]!;
      expect([(await sessionsOf(account.id)).length, await eventCount(account)]).toEqual([1, 1]);
      expect((await client.get('/api/auth/me', { bearer: json.accessToken })).status).toBe(200);
      expect(await hashOf(account)).toMatch(/^\$argon2id\$/);
    }
  });
});

interface Made {
  readonly users: number;
  readonly sessions: number;
  readonly events: number;
}

async function madeFor(email: string): Promise<Made | undefined> {
  const [made] = await query<Made>(sql`
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
    const impatient = new TestClient({ DATABASE_TIMEOUT_MS: '1000' });
    // Whoever registers an address waits for another row of it to stay or go.
    const answers = await heldUntilRepeated(
      emails.map((email) => sql`INSERT INTO users (email, name) VALUES (${email}, 'Nobody')`),
      emails.map(
        (email) => () =>
          impatient.post('/api/auth/register', registration(email), { headers: freshClient() }),
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
  const left = await query(sql`SELECT kind FROM mail_outbox WHERE request_id = ${requestId}::uuid`);
  expect(left).toEqual([]);
});

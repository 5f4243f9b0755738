import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connect, type Database } from '../../src/db/client.ts';
import { DatabaseError } from '../../src/db/database-error.ts';
import { sql } from '../../src/db/sql.ts';
import {
  databaseUrl,
  type Fault,
  type FaultPlan,
  faultyEndpoint,
  openDatabase,
} from '../support/database.ts';

/** A view of one request on the file's database through an endpoint that misbehaves. */
async function openFaulty(plan: FaultPlan, timeoutMs = 5000) {
  const faulty = await faultyEndpoint(plan);
  const open = connect({ url: databaseUrl(), endpoint: faulty.endpoint, timeoutMs });
  return { database: open(), open, seen: faulty.seen, plan: faulty.plan };
}

async function failureOf(work: Promise<unknown>): Promise<DatabaseError> {
  const thrown = await work.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(DatabaseError);
  return thrown as DatabaseError;
}

/** Short where the test has to wait for it. */
function timeoutFor(fault: Fault): number {
  return fault === 'hang' ? 500 : 5000;
}

const one = sql`SELECT 1 AS one`;

describe('query', () => {
  test('gives rows with JavaScript values, in one round trip', async () => {
    const { database, seen } = await openFaulty([]);
    const rows = await database.query(
      'test-values',
      sql`
      SELECT ${'x'}::text AS text, ${7}::int AS int, 2.5::float8 AS float, ${true}::boolean AS flag, NULL AS nothing,
        ${['a', 'b,"c']}::text[] AS list, ${'{"a":[1]}'}::jsonb AS document, '9007199254740993'::bigint AS big,
        '2026-01-02 03:04:05.678+00'::timestamptz AS instant`,
    );
    expect(rows).toEqual([
      {
        text: 'x',
        int: 7,
        float: 2.5,
        flag: true,
        nothing: null,
        list: ['a', 'b,"c'],
        document: { a: [1] },
        big: '9007199254740993',
        instant: new Date('2026-01-02T03:04:05.678Z'),
      },
    ]);
    expect(await seen()).toHaveLength(1);
    expect(database.roundTrips).toBe(1);
  });

  test('runs once per call, whether its promise is awaited once, twice or not at all (SQL-03)', async () => {
    const { database, seen } = await openFaulty([]);
    const pending = database.query('test-one', one);
    pending.catch(() => undefined);
    await pending;
    await pending;
    expect(await seen()).toHaveLength(1);
    await Promise.all([database.query('test-one', one), database.query('test-one', one)]);
    expect(await seen()).toHaveLength(3);
    expect(database.roundTrips).toBe(3);
  });

  test.each<[what: string, fault: Fault]>([
    ['refused', 'refuse'],
    ['hanging', 'hang'],
    ['garbled', 'garbage'],
    ['an HTTP 500', { status: 500 }],
    ['a refusal with the code ""', { sqlstate: '' }],
    ['a protocol violation', { sqlstate: '08P01' }],
    ['a lost race', { sqlstate: '40001' }],
    ['no room', { sqlstate: '53300' }],
    ['a shutdown', { sqlstate: '57P01' }],
  ])('is repeated once when the answer is %s and a second run is harmless (DBF-04)', async (_what, fault) => {
    const { database, seen } = await openFaulty([fault], timeoutFor(fault));
    expect(await database.query('test-one', one, { isIdempotent: true })).toEqual([{ one: 1 }]);
    expect(await seen()).toHaveLength(2);
    expect(database.roundTrips).toBe(2);
    const always = await openFaulty({ always: fault }, timeoutFor(fault));
    await failureOf(always.database.query('test-one', one, { isIdempotent: true }));
    expect(await always.seen()).toHaveLength(2);
  });

  test.each<[what: string, fault: Fault]>([
    ['refused', 'refuse'],
    ['hanging', 'hang'],
    ['lost after the commit', 'commit-then-drop'],
    ['an HTTP 500', { status: 500 }],
    ['a lost race', { sqlstate: '40001' }],
  ])(
    'is not repeated when the answer is %s and nobody said that a second run is harmless (DBF-04, T10)',
    async (_what, fault) => {
      const { database, seen } = await openFaulty([fault], timeoutFor(fault));
      const error = await failureOf(database.query('test-one', one));
      expect(error.isUnavailable).toBe(true);
      expect(await seen()).toHaveLength(1);
    },
  );

  test.each(['23505', '22P02', '42601', '57014', '25006', '42P01'])(
    'is not repeated when the statement is refused with %s (DBF-04)',
    async (sqlstate) => {
      const { database, seen } = await openFaulty([{ sqlstate }]);
      const error = await failureOf(database.query('test-one', one, { isIdempotent: true }));
      expect([error.outcome, error.code]).toEqual(['rejected', sqlstate]);
      expect(await seen()).toHaveLength(1);
    },
  );

  test('waits a random moment before it is repeated, so that many callers do not come back at once (DBF-04)', async () => {
    const waits = vi.spyOn(scheduler, 'wait');
    onTestFinished(() => waits.mockRestore());
    const { open } = await openFaulty({ always: { sqlstate: '53300' } });
    await Promise.all(
      Array.from({ length: 8 }, () => failureOf(open().query('test-one', one, { isIdempotent: true }))),
    );
    const pauses = waits.mock.calls.map(([ms]) => Number(ms));
    expect(pauses).toHaveLength(8);
    expect(new Set(pauses).size).toBeGreaterThan(4);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(20);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(100);
  });

  test('gives up after the timeout (DBF-02, T9)', async () => {
    const { database } = await openFaulty({ always: 'hang' }, 200);
    const startedAt = Date.now();
    const error = await failureOf(database.query('test-one', one));
    expect([error.outcome, error.message]).toEqual(['unknown', 'no answer from the database: timed out']);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(190);
    expect(Date.now() - startedAt).toBeLessThan(1500);
    expect(database.waitedMs).toBeGreaterThanOrEqual(190);
  });

  test('tells the message of PostgreSQL and the constraint for the log', async () => {
    const database = openDatabase();
    const error = await failureOf(database.query(sql`SELECT ${'x'}::uuid`));
    expect([error.code, error.outcome]).toEqual(['22P02', 'rejected']);
    const violated = await failureOf(
      database.query(sql`INSERT INTO users (email, name) VALUES ('A@b.example', 'x')`),
    );
    expect([violated.code, violated.constraint]).toEqual(['23514', 'users_email_lower_case']);
  });
});

describe('the budget of a request', () => {
  /** Moves the clock that the client reads. */
  function advance(): (ms: number) => void {
    const real = Date.now;
    let offset = 0;
    const spy = vi.spyOn(Date, 'now').mockImplementation(() => real() + offset);
    onTestFinished(() => spy.mockRestore());
    return (ms) => {
      offset += ms;
    };
  }

  test('is 8 s for all statements together: near its end a statement gets what is left of it (DBF-02, T9)', async () => {
    const pass = advance();
    const { database, seen } = await openFaulty({ always: 'hang' }, 8000);
    pass(7000);
    const before = performance.now();
    await failureOf(database.query('test-one', one, { isIdempotent: true }));
    expect(performance.now() - before).toBeLessThan(3000);
    // The repeat found nothing left, and was not sent.
    expect(await seen()).toHaveLength(1);
    expect(database.roundTrips).toBe(1);
  });

  test('once used up stops every further statement before it is sent (DBF-02)', async () => {
    const pass = advance();
    const { database, open, seen } = await openFaulty([]);
    await database.query('test-one', one);
    pass(8001);
    for (const work of [
      () => database.query('test-one', one, { isIdempotent: true }),
      () => database.batch('test-one', { one }),
    ]) {
      const error = await failureOf(work());
      expect([error.isUnavailable, error.message]).toEqual([true, 'the request has used up its time']);
    }
    expect(await seen()).toHaveLength(1);
    // The next request has a budget of its own.
    expect(await open().query('test-one', one)).toEqual([{ one: 1 }]);
  });
});

describe('batch', () => {
  test('runs all statements in one round trip, in order, each seeing the ones before', async () => {
    const { database, seen } = await openFaulty([]);
    const id = crypto.randomUUID();
    const email = `${id}@batch.example`;
    const results = await database.batch('test-user', {
      insert: sql`INSERT INTO users (id, email, name) VALUES (${id}::uuid, ${email}, 'x')`,
      find: sql`SELECT name FROM users WHERE id = ${id}::uuid`,
      remove: sql`DELETE FROM users WHERE id = ${id}::uuid RETURNING email`,
    });
    expect(results).toEqual({ insert: [], find: [{ name: 'x' }], remove: [{ email }] });
    expect((await seen()).map(({ queries }) => queries.length)).toEqual([3]);
    expect(database.roundTrips).toBe(1);
  });

  test('leaves out a step that is null, and returns no rows for it', async () => {
    const { database, seen } = await openFaulty([]);
    const two = sql`SELECT 2 AS two`;
    const results = await database.batch('test-two', { one: null, two, three: null });
    expect(results).toEqual({ one: [], two: [{ two: 2 }], three: [] });
    expect((await seen()).map(({ queries }) => queries.length)).toEqual([1]);
  });

  test('refuses a step that has a number for a name: it would move to the front', async () => {
    const { database, seen } = await openFaulty([]);
    await expect(database.batch('test-one', { one, 0: one })).rejects.toThrow(TypeError);
    expect(await seen()).toHaveLength(0);
  });

  test('leaves nothing behind when one statement is refused (SQL-04)', async () => {
    const database = openDatabase();
    const id = crypto.randomUUID();
    const error = await failureOf(
      database.batch([
        sql`INSERT INTO users (id, email, name) VALUES (${id}::uuid, ${`${id}@batch.example`}, 'x')`,
        sql`SELECT 1 / 0`,
      ]),
    );
    expect([error.outcome, error.code]).toEqual(['rejected', '22012']);
    expect(await database.query(sql`SELECT id FROM users WHERE id = ${id}::uuid`)).toEqual([]);
  });

  test('reads what others have committed between its statements: READ COMMITTED (T7)', async () => {
    const [, rows] = await openDatabase().batch([one, sql`SHOW transaction_isolation`]);
    expect(rows).toEqual([{ transaction_isolation: 'read committed' }]);
  });

  test('is repeated like a statement, and only when that is harmless (DBF-04)', async () => {
    const faulty = await openFaulty(['refuse', 'pass', 'refuse']);
    expect(await faulty.database.batch('test-one', { one }, { isIdempotent: true })).toEqual({
      one: [{ one: 1 }],
    });
    await failureOf(faulty.database.batch('test-one', { one }));
    expect(await faulty.seen()).toHaveLength(3);
  });
});

describe('two databases in one isolate', () => {
  test('never share an endpoint, a timeout or a counter', async () => {
    const [good, bad] = [await openFaulty([]), await openFaulty({ always: 'refuse' })];
    const [rows, error] = await Promise.all([
      good.database.query('test-one', one),
      failureOf(bad.database.query('test-one', one)),
    ]);
    expect([rows, error.isUnavailable]).toEqual([[{ one: 1 }], true]);
    expect([(await good.seen()).length, (await bad.seen()).length]).toEqual([1, 1]);
    const counted = (database: Database) => database.roundTrips;
    expect([good.database, bad.database, good.open()].map(counted)).toEqual([1, 1, 0]);
  });

  test('without an endpoint the driver asks the one that belongs to the address', async () => {
    const calls: unknown[] = [];
    const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
      calls.push(input);
      return Response.json({ fields: [], rows: [] });
    });
    onTestFinished(() => spy.mockRestore());
    const url = 'postgresql://user:canary@ep-cool-123456.eu-central-1.aws.neon.tech/main';
    await connect({ url, endpoint: null, timeoutMs: 300 })().query('test-one', one);
    expect(calls).toEqual(['https://api.eu-central-1.aws.neon.tech/sql']);
  });
});

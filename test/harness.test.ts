import { neon, neonConfig } from '@neondatabase/serverless';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { type Fragment, join, sql } from '../src/db/sql.ts';
import {
  databaseUrl,
  type Fault,
  faultyEndpoint,
  freshDatabase,
  openDatabase,
  openForFlow,
  query,
} from './support/database.ts';
import { ambiguousAliases } from './support/statement-aliases.ts';
import {
  countSteps,
  largeStatements,
  overLimits,
  sizeOf,
  statementLimits,
} from './support/statement-limits.ts';
import { readJointSteps, recorded } from './support/statement-recorder.ts';

/** One statement through a faulty endpoint, and what the driver made of it. */
async function ask(endpoint: string, url = databaseUrl()) {
  neonConfig.fetchEndpoint = endpoint;
  const sql = neon(url, { fetchOptions: { signal: AbortSignal.timeout(1000) } });
  return sql`SELECT 1 AS one`.catch((error: Error & { code?: string }) => ({
    code: error.code,
    message: error.message,
  }));
}

const answer = [{ one: 1 }];
const jointSteps = await readJointSteps();

describe('a faulty endpoint', () => {
  test.each<[Fault, unknown]>([
    ['pass', answer],
    [{ delayMs: 50 }, answer],
    ['refuse', { code: undefined, message: 'Error connecting to database: Error: Network connection lost.' }],
    ['commit-then-drop', { message: 'Error connecting to database: Error: Network connection lost.' }],
    ['hang', { message: expect.stringContaining('TimeoutError') }],
    ['garbage', { message: expect.stringContaining('not valid JSON') }],
    [{ status: 507, body: 'too large' }, { message: 'Server error (HTTP status 507): too large' }],
    [
      { sqlstate: '57014', message: 'canceling statement' },
      { code: '57014', message: 'canceling statement' },
    ],
  ])('that is to do %j lets the driver see exactly that, once', async (fault, expected) => {
    const { endpoint } = await faultyEndpoint([fault]);
    expect(await ask(endpoint)).toMatchObject(expected as object);
    expect(await ask(endpoint)).toEqual(answer);
  });

  test('remembers since its plan what it was asked, what it did and which statements ran', async () => {
    const { endpoint, plan, seen } = await faultyEndpoint({ always: 'refuse' });
    await ask(endpoint);
    await ask(endpoint);
    const refused = { queries: ['SELECT 1 AS one'], fault: 'refuse' };
    expect(await seen()).toEqual([refused, refused]);
    await plan(['commit-then-drop']);
    await ask(endpoint);
    expect(await seen()).toEqual([{ ...refused, fault: 'commit-then-drop', commands: ['SELECT'] }]);
  });
});

test('a fresh database has the schema and nothing of what others wrote, and goes with its test', async () => {
  let url = '';
  // What was asked for last is run first.
  onTestFinished(async () =>
    expect(await ask(inject('databaseEndpoint'), url)).toMatchObject({ code: '3D000' }),
  );
  url = await freshDatabase();
  neonConfig.fetchEndpoint = inject('databaseEndpoint');
  expect(await neon(url)`SELECT count(*)::int AS users FROM users`).toEqual([{ users: 0 }]);
});

test.each([
  'https://api.pwnedpasswords.com/range/00000',
  'http://10.0.0.1/',
  'http://localhost.example.com/',
])('the outside address %s is refused', async (address) => {
  expect((await fetch(address)).status).toBe(599);
});

describe('what the service compiles', () => {
  const one = sql`SELECT ${1}::int AS one`;
  const recordedAs = (name: string) => [...recorded.values()].filter((statement) => statement.name === name);

  test('is recorded with its name, its steps in their order and without those left out', async () => {
    const database = openForFlow();
    await database.query('record-query', one);
    await database.query('record-query', sql`SELECT ${2}::int AS one`);
    await database.batch('record-batch', { last: one, first: null, middle: sql`SELECT 2` });
    const text = 'SELECT $1::int AS one';
    expect(recordedAs('record-query')).toEqual([{ name: 'record-query', steps: [{ step: '', text }] }]);
    const steps = [
      { step: 'last', text },
      { step: 'middle', text: 'SELECT 2' },
    ];
    expect(recordedAs('record-batch')).toEqual([{ name: 'record-batch', steps }]);
  });

  test('is told from what tests ask for themselves, or have planted', async () => {
    await query(one);
    await openDatabase().batch([one]);
    await openForFlow().query('record-planted', sql`SELECT 1 /* planted */`);
    expect([...recorded.values()].filter(({ name }) => /^test|planted/.test(name))).toEqual([]);
  });

  test.fails('lets a test fail that compiles a statement which is too large to be read', async () => {
    await openForFlow().query(
      'record-large',
      sql`SELECT 1 WHERE ${1} <> 2${join(Array(300).fill(sql` AND true`), '')}`,
    );
  });
});

test.each<[what: string, statement: Fragment, ambiguous: string[]]>([
  ['takes an outer expression into its own row', attempts(sql`k.id`), ['k']],
  ['takes it beside a row of another name', sql`SELECT 1 FROM users u WHERE ${isCounted(sql`u.id`)}`, []],
  ['has a row of the same name for itself alone', attempts(sql`(SELECT k.id FROM users k)`), []],
])('of a fragment that %s the ambiguous aliases are found', (_what, statement, ambiguous) => {
  expect(ambiguousAliases(statement)).toEqual(ambiguous);
});

function attempts(id: Fragment): Fragment {
  return sql`SELECT 1 FROM users k WHERE ${isCounted(id)}`;
}

/** Has a row `k`, as registration had when its expression about another `k` was 503. */
function isCounted(id: Fragment): Fragment {
  return sql`EXISTS (SELECT FROM login_attempts k WHERE k.bucket = ${id})`;
}

describe('a statement that can be read', () => {
  const statement = (...steps: readonly (readonly [step: string, text: string])[]) => ({
    name: 'move-x',
    steps: steps.map(([step, text]) => ({ step, text })),
  });

  test('has at most 8 CTEs, those inside others included, and 2500 characters, each run of blanks as one', () => {
    expect(statementLimits).toEqual({ ctes: 8, characters: 2500, steps: 10 });
    expect(
      sizeOf('WITH a AS (WITH b AS NOT MATERIALIZED ( SELECT 1) SELECT 2), c AS ((SELECT 3)) SELECT 4').ctes,
    ).toBe(3);
    expect(
      sizeOf('SELECT x AS y, cast(z AS int), sum(q) OVER w FROM f(1) AS (a int) WINDOW w AS (ORDER BY q)')
        .ctes,
    ).toBe(0);
    const ctes = (count: number) => `WITH ${Array(count).fill('a AS (SELECT 1)').join(', ')} SELECT 1`;
    expect(overLimits(statement(['', ctes(8)], ['change', `${'x  '.repeat(1250)}-- y`]))).toEqual([]);
    expect(overLimits(statement(['', ctes(9)], ['change', 'x'.repeat(2501)]))).toEqual([
      'move-x has 9 CTEs (8 at most) and 165 characters (2500)',
      'move-x change has 0 CTEs (8 at most) and 2501 characters (2500)',
    ]);
  });

  test('is larger only where the list says how large and why', () => {
    for (const { ctes, characters, reason } of Object.values(largeStatements)) {
      expect(ctes > statementLimits.ctes || characters > statementLimits.characters).toBe(true);
      expect(reason).toMatch(/^\w.{15,}\.$/);
    }
  });

  test('is a batch whose steps of joints count as one', () => {
    const own = Array.from({ length: 9 }, (_, n) => [`own${n}`, 'SELECT 1'] as const);
    const joint = [...jointSteps].map((step) => [step, 'SELECT 1'] as const);
    expect(jointSteps.size).toBeGreaterThan(5);
    // Not so many that all the rest of a batch would count as one.
    expect(jointSteps.size).toBeLessThan(20);
    expect(countSteps(statement(...own), jointSteps)).toBe(9);
    expect(countSteps(statement(...own, ...joint), jointSteps)).toBe(10);
  });
});

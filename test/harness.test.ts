import { neon, neonConfig } from '@neondatabase/serverless';
import { describe, expect, inject, test } from 'vitest';
import { sql } from '../src/db/sql.ts';
import { type Fault, faultyEndpoint, freshDatabase, openDatabase, openForFlow } from './support/database.ts';
import { recorded } from './support/statement-recorder.ts';

/** One statement through a faulty endpoint, and what the driver made of it. */
async function query(endpoint: string, url = inject('databaseUrl')) {
  neonConfig.fetchEndpoint = endpoint;
  const sql = neon(url, { fetchOptions: { signal: AbortSignal.timeout(1000) } });
  return sql`SELECT 1 AS one`.catch((error: Error & { code?: string }) => ({
    code: error.code,
    message: error.message,
  }));
}

const answer = [{ one: 1 }];

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
    expect(await query(endpoint)).toMatchObject(expected as object);
    expect(await query(endpoint)).toEqual(answer);
  });

  test('remembers what it was asked, what it did and which statements ran', async () => {
    const { endpoint, plan, seen } = await faultyEndpoint({ always: 'refuse' });
    await query(endpoint);
    await query(endpoint);
    await plan(['commit-then-drop']);
    await query(endpoint);
    const queries = ['SELECT 1 AS one'];
    expect(await seen()).toEqual([
      { queries, fault: 'refuse' },
      { queries, fault: 'refuse' },
      { queries, fault: 'commit-then-drop', commands: ['SELECT'] },
    ]);
  });
});

test('a fresh database has the schema and nothing of what others wrote', async () => {
  const database = await freshDatabase();
  try {
    neonConfig.fetchEndpoint = inject('databaseEndpoint');
    const [row] = await neon(database.url)`SELECT count(*)::int AS users FROM users`;
    expect(row).toEqual({ users: 0 });
  } finally {
    await database.drop();
  }
  expect(await query(inject('databaseEndpoint'), database.url)).toMatchObject({ code: '3D000' });
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

  test('is told from what tests ask for themselves', async () => {
    await openDatabase().query(one);
    await openDatabase().batch([one]);
    expect([...recorded.values()].filter(({ name }) => name.startsWith('test'))).toEqual([]);
  });
});

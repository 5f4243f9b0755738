import { once } from 'node:events';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { NeonDbError, neon, neonConfig } from '@neondatabase/serverless';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { type Backend, SqlError } from '../../tools/neon-local/backend.ts';
import { startNeonLocal } from '../../tools/neon-local/server.ts';
import { freshDatabase } from '../support/node/fresh-database.ts';

const url = await freshDatabase();
const endpoint = inject('databaseEndpoint');
neonConfig.fetchEndpoint = endpoint;
const sql = neon(url);

interface Result {
  readonly rowAsArray: boolean;
  readonly fields: readonly Record<string, unknown>[];
  readonly rows: readonly unknown[];
  readonly command: string;
  readonly rowCount: number | null;
}

async function post<Body = Result>(body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'Neon-Connection-String': url, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

const asDriver = { 'Neon-Raw-Text-Output': 'true', 'Neon-Array-Mode': 'true' };

describe('the driver', () => {
  test('gets its values back through parameters of every kind', async () => {
    const day = new Date('2026-11-24T10:20:30.456Z');
    const [row] = await sql`SELECT
      ${"it's"}::text AS text, ${null}::text AS nothing, ${7}::int AS number,
      ${9_007_199_254_740_993n}::bigint AS big, ${true}::boolean AS flag, ${day}::timestamptz AS time,
      ${['a', 'b "c"', null]}::text[] AS texts, ${{ a: [1] }}::jsonb AS document,
      ${Buffer.from([0, 1, 255])} AS bytes`;
    expect(row).toEqual({
      text: "it's",
      nothing: null,
      number: 7,
      big: '9007199254740993',
      flag: true,
      time: day,
      texts: ['a', 'b "c"', null],
      document: { a: [1] },
      bytes: Buffer.from([0, 1, 255]),
    });
  });

  test('runs a batch as one transaction', async () => {
    const [[first], [second]] = (await sql.transaction([
      sql`SELECT txid_current()::text AS id`,
      sql`SELECT txid_current()::text AS id`,
    ])) as [[{ id: string }], [{ id: string }]];
    expect(first.id).toBe(second.id);
  });

  test('sees nothing of a batch of which one statement failed', async () => {
    await sql`DROP TABLE IF EXISTS neon_local_batch`;
    const failing = sql.transaction([sql`CREATE TABLE neon_local_batch (id int)`, sql`SELECT 1/0`]);
    await expect(failing).rejects.toMatchObject({ code: '22012', message: 'division by zero' });
    expect(await sql`SELECT to_regclass('neon_local_batch') AS found`).toEqual([{ found: null }]);
  });

  test('gets every member of a database error, and undefined for those that PostgreSQL did not send', async () => {
    await sql`CREATE TABLE IF NOT EXISTS neon_local_unique (id int CONSTRAINT neon_local_key PRIMARY KEY)`;
    const error = await sql`INSERT INTO neon_local_unique VALUES (1), (1)`.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NeonDbError);
    expect(error).toMatchObject({
      severity: 'ERROR',
      code: '23505',
      detail: 'Key (id)=(1) already exists.',
      schema: 'public',
      table: 'neon_local_unique',
      constraint: 'neon_local_key',
      hint: undefined,
      position: undefined,
    });
  });

  test('is refused two statements in one query', async () => {
    await expect(sql.query('SELECT 1; SELECT 2')).rejects.toMatchObject({ code: '42601' });
  });

  test('is told that a database does not exist', async () => {
    const elsewhere = neon('postgresql://test:test@127.0.0.1/no_such_database');
    await expect(elsewhere`SELECT 1`).rejects.toMatchObject({ code: '3D000' });
  });

  test('never gets a transaction that another request has left open', async () => {
    const transactionId = () => sql`SELECT txid_current()::text AS id`;
    await sql.query('BEGIN');
    expect(await transactionId()).not.toEqual(await transactionId());
  });
});

describe('a single query', () => {
  test('is answered as Neon answers the driver: rows as arrays of PostgreSQL text', async () => {
    const { status, headers, body } = await post(
      { query: 'SELECT true AS yes, NULL::int AS nothing, $1::int AS n', params: ['5'] },
      asDriver,
    );
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(body).toEqual({
      rowAsArray: true,
      fields: [
        ['yes', 16, 1],
        ['nothing', 23, 4],
        ['n', 23, 4],
      ].map(([name, dataTypeID, dataTypeSize]) => ({
        name,
        dataTypeID,
        dataTypeSize,
        tableID: 0,
        columnID: 0,
        dataTypeModifier: -1,
        format: 'text',
      })),
      rows: [['t', null, '5']],
      command: 'SELECT',
      rowCount: 1,
    });
  });

  test('names the table and column that a value comes from', async () => {
    const { body } = await post({ query: 'SELECT oid, relname FROM pg_class LIMIT 1' });
    expect(body.fields).toMatchObject([
      { tableID: 1259, columnID: 1 },
      { tableID: 1259, columnID: 2 },
    ]);
  });

  test.each([
    ['SELECT 1 WHERE false', 'SELECT', 0],
    ['INSERT INTO neon_local_tags VALUES (1), (2)', 'INSERT', 2],
    ['UPDATE neon_local_tags SET id = 3', 'UPDATE', 2],
    ['DELETE FROM neon_local_tags', 'DELETE', 2],
    ['SET LOCAL search_path = public', 'SET', null],
    ['', '', null],
  ])('%j has the command %j and the count %j', async (query, command, rowCount) => {
    await sql`CREATE TABLE IF NOT EXISTS neon_local_tags (id int)`;
    await sql`TRUNCATE neon_local_tags`;
    await sql`INSERT INTO neon_local_tags VALUES (1), (2)`;
    const { body } = await post({ query });
    expect(body).toMatchObject({ command, rowCount });
  });

  test.each([
    ['true', true],
    ['1::int2', 1],
    ['-2::int4', -2],
    ['1::int8', '1'],
    ['1.50::numeric', '1.50'],
    ['1.5::float8', 1.5],
    ["'NaN'::float8", 'NaN'],
    [`'{"a": [1, null]}'::jsonb`, { a: [1, null] }],
    ["'x'::text", 'x'],
    ["'\\x00ff'::bytea", '\\x00ff'],
    ["'2026-01-02'::date", '2026-01-02'],
    ['NULL::text', null],
    ['ARRAY[1, NULL]', [1, null]],
    ['ARRAY[[true], [false]]', [[true], [false]]],
    [`ARRAY['a,b', 'c "d" \\', '', 'NULL', NULL]`, ['a,b', 'c "d" \\', '', 'NULL', null]],
    [`ARRAY['{"k": "v"}'::jsonb]`, [{ k: 'v' }]],
    ["'{}'::uuid[]", []],
    ["'[2:3]={4,5}'::int[]", [4, 5]],
  ])('without raw text %s becomes %j', async (expression, expected) => {
    const { body } = await post({ query: `SELECT ${expression} AS value` });
    expect(body).toMatchObject({ rowAsArray: false, rows: [{ value: expected }] });
  });

  test.each([
    ['text', 'plain', 'plain'],
    ['text', null, null],
    ['int', 5, '5'],
    ['boolean', true, 't'],
    ['text', { a: 1 }, '{"a":1}'],
    ['int[]', [1, null], '{1,NULL}'],
    ['text[]', ['a "b"', 'c,d'], '{"a \\"b\\"","c,d"}'],
    ['int[]', [[1], [2]], '{{1},{2}}'],
    ['jsonb[]', [{ a: '"' }], '{"{\\"a\\": \\"\\\\\\"\\"}"}'],
  ])('takes a %s parameter as JSON %j', async (type, value, expected) => {
    const { body } = await post({ query: `SELECT $1::${type} AS value`, params: [value] }, asDriver);
    expect(body.rows).toEqual([[expected]]);
  });
});

describe('a batch', () => {
  test('is answered in order, each query in the mode that it asks for', async () => {
    const { status, body } = await post<{ results: Result[] }>({
      queries: [
        { query: 'SELECT 1 AS n', arrayMode: true },
        { query: 'SELECT $1::int AS n', params: ['2'] },
      ],
    });
    expect(status).toBe(200);
    expect(body.results.map(({ rows }) => rows)).toEqual([[[1]], [{ n: 2 }]]);
  });

  test.each([
    ['ReadCommitted', 'read committed'],
    ['RepeatableRead', 'repeatable read'],
    ['Serializable', 'serializable'],
  ])('of level %s runs as %s, and the answer says so', async (level, expected) => {
    const { headers, body } = await post<{ results: Result[] }>(
      { queries: [{ query: 'SHOW transaction_isolation' }] },
      { 'Neon-Batch-Isolation-Level': level },
    );
    expect(headers.get('neon-batch-isolation-level')).toBe(level);
    expect(body.results[0]?.rows).toEqual([{ transaction_isolation: expected }]);
  });

  test('that is read-only cannot write', async () => {
    const { status, body } = await post(
      { queries: [{ query: 'CREATE TABLE neon_local_read_only (id int)' }] },
      { 'Neon-Batch-Read-Only': 'true', 'Neon-Batch-Deferrable': 'true' },
    );
    expect([status, body]).toMatchObject([400, { code: '25006' }]);
  });

  test('of an unknown level is refused', async () => {
    const { status, body } = await post(
      { queries: [{ query: 'SELECT 1' }] },
      { 'Neon-Batch-Isolation-Level': 'toString' },
    );
    expect([status, body]).toMatchObject([400, { message: 'invalid isolation level', code: null }]);
  });
});

describe('a failure', () => {
  test('has every member of the error body, null where PostgreSQL sent none', async () => {
    const { status, body } = await post<Record<string, unknown>>({ query: 'SELECT nothing_here' });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      message: 'column "nothing_here" does not exist',
      code: '42703',
      severity: 'ERROR',
      position: '8',
      detail: null,
      hint: null,
      internalPosition: null,
      internalQuery: null,
      where: null,
      schema: null,
      table: null,
      column: null,
      dataType: null,
      constraint: null,
    });
    expect(body.line).toMatch(/^\d+$/);
  });

  test.each([
    ['no connection string', { query: 'SELECT 1' }, { 'Neon-Connection-String': '' }],
    [
      'a connection string without a database',
      { query: 'SELECT 1' },
      { 'Neon-Connection-String': 'postgresql://h/' },
    ],
    ['a body that is not JSON', '{', {}],
    ['a body without a query', {}, {}],
    ['the body null', 'null', {}],
  ])('of the request itself, %s, is a 400 without SQLSTATE', async (_, body, headers) => {
    expect(await post(body, headers)).toMatchObject({ status: 400, body: { code: null } });
  });
});

describe('the server', () => {
  const idle: Backend = {
    run: async () => {
      throw new SqlError('not reached', {});
    },
    createDatabase: async () => undefined,
    dropDatabase: async () => undefined,
    close: async () => undefined,
  };

  async function start(backend: Backend) {
    const server = await startNeonLocal({ backend });
    onTestFinished(() => server.close());
    return server;
  }

  test('listens on the loopback interface alone', async () => {
    const server = await start(idle);
    const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
    const outside = addresses.find(({ internal, family }) => !internal && family === 'IPv4');
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    const knock = request({ host: outside?.address ?? '127.0.0.2', port: server.port });
    knock.end();
    await expect(once(knock, 'response')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('refuses a body of more than 10 MiB', async () => {
    const server = await start(idle);
    const send = (size: number) =>
      fetch(server.url, { method: 'POST', body: ' '.repeat(size) }).then(({ status }) => status);
    expect(await send(10 * 1024 * 1024 + 1)).toBe(413);
    expect(await send(10 * 1024 * 1024)).toBe(400);
  });

  test('answers 500 when the database is lost, and nothing at other addresses', async () => {
    const lost = () => Promise.reject(new Error('connection lost'));
    const server = await start({ ...idle, run: lost });
    const answer = await fetch(server.url, {
      method: 'POST',
      headers: { 'Neon-Connection-String': url },
      body: '{"query":"SELECT 1"}',
    });
    expect([answer.status, await answer.json()]).toEqual([500, { message: 'connection lost' }]);
    expect((await fetch(new URL('/other', server.url), { method: 'POST' })).status).toBe(404);
    expect((await fetch(server.url)).status).toBe(404);
  });
});

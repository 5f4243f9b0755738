import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as original from '@neondatabase/serverless';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';
import { startWorker } from '../../tools/bench/workerd.ts';
import { buildWorker } from '../../tools/build/build-worker.ts';
import { httpPartOfDriver } from '../../tools/build/http-part-of-driver.ts';

type Driver = Pick<typeof original, 'neon' | 'neonConfig' | 'NeonDbError'>;
type Sql = ReturnType<typeof original.neon>;

/** A field of an answer: its type by OID, and its value as PostgreSQL writes it. */
type Field = readonly [oid: number, text: string | null];

const url = 'postgresql://user:p%40ss@db.example.com/name';
const driverFile = fileURLToPath(import.meta.resolve('@neondatabase/serverless'));
const { modules } = await buildWorker(driverFile);
const builtCode = Buffer.concat([...modules.values()]);
const built = (await import(`data:text/javascript;base64,${builtCode.toString('base64')}`)) as Driver;

/** What a call sends through a driver, and what it returns or throws. */
async function observe(driver: Driver, call: (sql: Sql) => Promise<unknown>, answer: () => Response) {
  const requests: unknown[] = [];
  driver.neonConfig.fetchFunction = (endpoint: string, init: RequestInit) => {
    requests.push([endpoint, init]);
    return answer();
  };
  try {
    return { requests, returned: await call(driver.neon(url)) };
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    const { name, message } = thrown;
    return {
      requests,
      thrown: { ...thrown, name, message, isOfDriver: thrown instanceof driver.NeonDbError },
    };
  }
}

async function expectSame(call: (sql: Sql) => Promise<unknown>, answer = () => answerOf([])) {
  expect(await observe(built, call, answer)).toEqual(await observe(original, call, answer));
}

function resultOf(fields: readonly Field[]) {
  return {
    command: 'SELECT',
    rowCount: 1,
    rowAsArray: true,
    fields: fields.map(([dataTypeID], n) => ({ name: `c${n}`, dataTypeID, format: 'text' })),
    rows: [fields.map(([, text]) => text)],
  };
}

const answerOf = (fields: readonly Field[]) => Response.json(resultOf(fields));

test('the build has what the Worker imports, and none of the PostgreSQL client', () => {
  expect(Object.keys(built).sort()).toEqual(['NeonDbError', 'neon', 'neonConfig']);
  expect(builtCode.toString()).not.toMatch(/SCRAM|BoundPool|prependListener|Only sha256|readUInt32BE/);
});

describe('both send the same and return the same', () => {
  const bytes = Uint8Array.of(0, 1, 254, 255, 92);
  const itself: object = { toPostgres: () => itself };
  test.each<[kind: string, value: unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['text', `it's "quoted" \\ and ü`],
    ['a number', -1.5],
    ['a bigint', 9_007_199_254_740_993n],
    ['a boolean', false],
    ['a time', new Date('2026-11-24T10:20:30.456Z')],
    ['a time before Christ', new Date(-70_000_000_000_000)],
    ['an array', ['a', 'b "c" \\', null, undefined, 1, true, 2n]],
    ['an empty array', []],
    ['a nested array', [[1, null]]],
    ['an array of times, bytes and objects', [new Date(0), Buffer.from(bytes), { a: '"' }]],
    ['an object', { a: [1, { b: null }] }],
    [
      'an object that says what it is',
      { toPostgres: (prepare: (value: unknown) => unknown) => prepare([1]) },
    ],
    ['an object that says that it is itself', itself],
    ['bytes', bytes],
    ['a part of bytes', bytes.subarray(1, 3)],
    ['a Buffer', Buffer.from(bytes)],
    ['a DataView', new DataView(bytes.buffer, 2)],
    ['an ArrayBuffer', bytes.buffer],
    ['a symbol', Symbol('no value')],
  ])('for a parameter that is %s', async (_kind, value) => {
    await expectSame((sql) => sql.query('SELECT $1', [value]));
    await expectSame((sql) => sql`SELECT ${value}`);
  });

  test.each<[type: string, oid: number, ...texts: string[]]>([
    ['bool', 16, 't', 'f'],
    ['bytea', 17, '\\x00ff5c', '\\x', 'abc\\001\\\\'],
    ['int8', 20, '9007199254740993', '-1'],
    ['int2', 21, '-7'],
    ['int4', 23, '2147483647'],
    ['text', 25, '', 'NULL', 'ü'],
    ['oid', 26, '4294967295'],
    ['json', 114, '{"a": [1, null]}', '"x"', '{'],
    ['point', 600, '(1.5,-2)'],
    ['float4', 700, '1.5', 'NaN'],
    ['float8', 701, '-0', 'Infinity', '1e300'],
    ['circle', 718, '<(1,2),3>'],
    ['inet', 869, '2001:db8::1/64'],
    ['inet[]', 1041, '{10.0.0.1,::1}'],
    ['bool[]', 1000, '{t,f,NULL}'],
    ['bytea[]', 1001, '{"\\\\x00ff",NULL}'],
    ['int2[]', 1005, '{1,NULL}'],
    ['int4[]', 1007, '{}', '{{1,2},{3,4}}', '[2:3]={4,5}'],
    ['text[]', 1009, '{a,"b \\"c\\" \\\\",NULL,"NULL",""}'],
    ['int8[]', 1016, '{9007199254740993,NULL}'],
    ['float8[]', 1022, '{1.5,NaN}'],
    ['varchar', 1043, 'x'],
    ['date', 1082, '2026-01-02', '0044-03-15 BC', 'infinity', 'none'],
    ['time', 1083, '10:20:30.5'],
    ['timestamp', 1114, '2026-01-02 03:04:05.678901', '-infinity'],
    ['timestamp[]', 1115, '{"2026-01-02 03:04:05",NULL}'],
    [
      'timestamptz',
      1184,
      '2026-01-02 03:04:05.678+00',
      '2026-01-02 03:04:05-07:30',
      '0001-01-01 00:00:00+00 BC',
    ],
    ['timestamptz[]', 1185, '{"2026-01-02 03:04:05+02",NULL}'],
    ['interval', 1186, '1 year 2 mons -3 days 04:05:06.789', '-00:00:01', ''],
    ['interval[]', 1187, '{"1 day","00:00:01"}'],
    ['numeric[]', 1231, '{1.50,NaN}'],
    ['numeric', 1700, '1.50', 'NaN'],
    ['uuid', 2950, '0192e0c0-0000-7000-8000-000000000000'],
    ['uuid[]', 2951, '{0192e0c0-0000-7000-8000-000000000000,NULL}'],
    ['jsonb', 3802, '{"a": {"b": 1}}'],
    ['jsonb[]', 3807, '{"{\\"a\\": 1}",NULL}'],
    ['a type of the future', 99_999, 'x'],
  ])('for a result of type %s', async (_type, oid, ...texts) => {
    for (const text of [...texts, null]) {
      await expectSame(
        async (sql) => {
          const [[value]] = (await sql.query('SELECT 1', [], { arrayMode: true })) as [[unknown]];
          const { toPostgres } = Object(value);
          return [value, Object(value).constructor.name, toPostgres?.call(value)];
        },
        () => answerOf([[oid, text]]),
      );
    }
  });

  const fields: Field[] = [
    [23, '1'],
    [25, null],
    [1184, '2026-01-02 03:04:05+00'],
  ];
  const refusal = { message: 'duplicate key', severity: 'ERROR', code: '23505', constraint: 'users_key' };
  const batchOf = (count: number) => Response.json({ results: Array(count).fill(resultOf(fields)) });
  const types = { getTypeParser: () => (text: string) => `own ${text}` } as never;
  test.each<[what: string, answer: () => Response, call: (sql: Sql) => Promise<unknown>]>([
    ['rows', () => answerOf(fields), (sql) => sql`SELECT ${1}`],
    ['rows as arrays', () => answerOf(fields), (sql) => sql.query('SELECT', [], { arrayMode: true })],
    [
      'a full result',
      () => answerOf(fields),
      async (sql) => ({ ...(await sql.query('SELECT', [], { fullResults: true })), _parsers: 0, _types: 0 }),
    ],
    ['parsers of the caller', () => answerOf(fields), (sql) => sql.query('SELECT', [], { types })],
    [
      'fetch options and a token',
      () => answerOf(fields),
      (sql) => sql.query('SELECT', [], { authToken: 'jwt', fetchOptions: { priority: 'low' } }),
    ],
    [
      'a composed statement',
      () => answerOf(fields),
      (sql) => sql`SELECT ${1} WHERE ${sql`a = ${2}`} ${sql.unsafe('AND b')}`,
    ],
    [
      'a call without a template',
      () => answerOf(fields),
      async (sql) => Reflect.apply(sql, undefined, ['SELECT']),
    ],
    [
      'a batch',
      () => batchOf(2),
      (sql) => sql.transaction([sql`SELECT ${[1]}`, sql.query('SELECT $1', [new Date(0)])]),
    ],
    [
      'a batch with options',
      () => batchOf(1),
      (sql) =>
        sql.transaction([sql`SELECT`], { isolationLevel: 'ReadCommitted', readOnly: true, arrayMode: true }),
    ],
    ['a batch that is not of queries', () => batchOf(0), (sql) => sql.transaction(['SELECT'] as never)],
    ['an answer without results', () => Response.json({}), (sql) => sql.transaction([sql`SELECT`])],
    ['a refused statement', () => Response.json(refusal, { status: 400 }), (sql) => sql`SELECT`],
    [
      'a refusal without a code',
      () => Response.json({ message: 'no route', code: '' }, { status: 400 }),
      (sql) => sql`SELECT`,
    ],
    ['a failed endpoint', () => new Response('out of order', { status: 500 }), (sql) => sql`SELECT`],
    ['an answer that is no JSON', () => new Response('<html>'), (sql) => sql`SELECT`],
    [
      'a lost connection',
      () => {
        throw new DOMException('aborted', 'AbortError');
      },
      (sql) => sql`SELECT`,
    ],
  ])('for %s', async (_what, answer, call) => {
    await expectSame(call, answer);
  });

  test.each(['mysql://user@host/name', 'postgres://host', 'none'])(
    'for the connection string %s',
    async (wrong) => {
      const failureOf = async ({ neon }: Driver) => {
        const { name, message } = (await neon(wrong)`SELECT`.catch((error: Error) => error)) as Error;
        return { name, message };
      };
      expect(await failureOf(built)).toEqual(await failureOf(original));
    },
  );
});

test('the built driver takes and returns bytes in workerd, whose Buffer it needs', async () => {
  const entry = `import { neon, neonConfig } from './driver.mjs';
    export default { async fetch() {
      let body;
      neonConfig.fetchFunction = (_, init) => {
        body = init.body;
        return Response.json(${JSON.stringify(resultOf([[17, '\\x00ff']]))});
      };
      const [{ c0 }] = await neon('${url}')\`SELECT \${Uint8Array.of(0, 255)}\`;
      return Response.json({ body: JSON.parse(body), returned: c0.toString('hex') });
    } };`;
  const worker = await startWorker({
    modules: new Map([
      ['index.mjs', Buffer.from(entry)],
      ['driver.mjs', builtCode],
    ]),
  });
  try {
    const response = await fetch(worker.url);
    expect(await response.json()).toEqual({
      body: { query: 'SELECT $1::bytea', params: ['\\x00ff'] },
      returned: '00ff',
    });
  } finally {
    await worker.stop();
  }
});

test('another version of the driver fails the build', async () => {
  const code = await readFile(driverFile, 'utf8');
  const otherVersion = {
    name: 'other-version',
    load: () => code.replace('serverless@1.2.0', 'serverless@1.2.1'),
  };
  const bundle = await rolldown({ input: driverFile, plugins: [otherVersion, httpPartOfDriver] });
  await expect(bundle.generate()).rejects.toThrow(
    'is not the file that tools/build/http-part-of-driver.ts was written for',
  );
  await bundle.close();
});

import { describe, expect, test } from 'vitest';
import { type Answer, TestClient } from '../support/client.ts';
import { databaseState } from './database-state.ts';
import { insertAccount } from './insert-account.ts';
import { casesFor } from './route-choice.ts';
import { exampleCall, exampleOf, registeredRoutes } from './route-table.ts';

const client = new TestClient();
const account = await insertAccount(client);

/** What a proxy or a framework may take for the same address. */
const notTheSame: [trick: string, path: (path: string) => string][] = [
  ['a slash at the end', (path) => `${path}/`],
  ['a doubled slash', (path) => path.replace(/\/(?=[^/]*$)/, '//')],
  ['a doubled slash in front', (path) => `/${path}`],
  ['upper case', (path) => path.toUpperCase()],
  ['a parameter', (path) => `${path};x`],
  ['a parameter that looks like a script (HDR-05)', (path) => `${path};.js`],
  ['an ending (HDR-05)', (path) => `${path}.css`],
  ['a file below (HDR-05)', (path) => `${path}/x.css`],
  ['an encoded file below (HDR-05)', (path) => `${path}%2fx.css`],
  ['an encoded parameter (HDR-05)', (path) => `${path}%3b.js`],
  ['an encoded slash', (path) => path.replace(/\/(?=[^/]*$)/, '%2f')],
  ['an encoded slash at the end', (path) => `${path}%2f`],
  ['an encoded question mark', (path) => `${path}%3fx`],
  ['an encoded NUL', (path) => `${path}%00`],
  ['an encoded line break', (path) => `${path}%0a`],
  ['a blank', (path) => `${path}%20`],
  [
    'a doubly encoded letter',
    (path) => path.replace(/(?<=\/)(\w)(?=[^/]*$)/, (c) => `%25${c.charCodeAt(0).toString(16)}`),
  ],
  ['ill-formed encoding', (path) => `${path}%ff`],
  ['unfinished encoding', (path) => `${path}%`],
  ['a full-width slash', (path) => `${path}%ef%bc%8f`],
];

/** One for each thing that a router could take for nothing: a slash, the case, an ending, what is encoded. */
const oneOfEach = [
  'a slash at the end',
  'upper case',
  'a file below (HDR-05)',
  'an encoded slash',
  'ill-formed encoding',
];

/** What the URL standard makes the same address before anyone sees it. */
const theSame: [trick: string, path: (path: string) => string][] = [
  ['a dot segment', (path) => path.replace(/\/(?=[^/]*$)/, '/./')],
  ['an encoded dot segment', (path) => path.replace(/\/(?=[^/]*$)/, '/%2e/')],
  ['a segment that is taken back', (path) => path.replace(/\/(?=[^/]*$)/, '/x/../')],
  ['backslashes', (path) => path.replaceAll('/', '\\')],
  ['a query', (path) => `${path}?x=1&x=2`],
  ['a fragment', (path) => `${path}#x`],
  [
    'an encoded letter',
    (path) => path.replace(/(?<=\/)(\w)(?=[^/]*$)/, (c) => `%${c.charCodeAt(0).toString(16)}`),
  ],
];

/** The paths that end in a parameter: any one segment there is the route's own to judge, and for it to refuse. */
const parameterPaths = registeredRoutes.flatMap((key) => {
  const [, start] = /^\w+ (.*\/):\w+$/.exec(key) ?? [];
  return start === undefined ? [] : [start];
});

function isParameter(path: string): boolean {
  return parameterPaths.some((start) => path.startsWith(start) && /^[^/]+$/.test(path.slice(start.length)));
}

/** The method and the address of a route, without what it reads behind that. */
function addressOf(key: string): [method: string, path: string] {
  const [method, path] = exampleCall(key, account);
  return [method, path.split('?')[0] ?? path];
}

async function expectRefused(method: string, path: string, body?: unknown): Promise<Answer> {
  const { cookies, accessToken: bearer } = account;
  const answer = await client.call(method, path, { cookies, bearer, body });
  expect([404, 405], `${path} ${answer.text}`).toContain(answer.status);
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  expect(answer.setCookies).toEqual([]);
  return answer;
}

async function expectNotFound(method: string, path: string): Promise<void> {
  const { status, json, headers, roundTrips } = await expectRefused(method, path);
  expect([status, json.code, headers.get('Allow'), roundTrips], path).toEqual([404, 'not_found', null, 0]);
}

describe.each(registeredRoutes)('%s', (key) => {
  test.each(casesFor(key, notTheSame, oneOfEach))(
    'is not found with %s (LIM-07, INP-14)',
    async (_trick, change) => {
      const [method, path] = addressOf(key);
      const changed = change(path);
      // Its own parameter is judged behind the body.
      if (isParameter(changed)) await expectRefused(method, changed, exampleCall(key, account)[2].body);
      else await expectNotFound(method, changed);
    },
  );

  // A start reads its query, and refuses what it does not know (OAU-12).
  const readsQuery = exampleOf(key).query !== undefined;
  const tricks = theSame.filter(([trick]) => !(readsQuery && trick === 'a query'));
  test.each(casesFor(key, tricks, ['a dot segment', 'an encoded letter']))(
    'is judged as ever with %s (LIM-07)',
    async (_trick, change) => {
      const [method, path] = addressOf(key);
      // Nothing that a caller without credentials from a foreign page may have: the same verdict, code for code.
      const foreign = { headers: { Origin: 'https://evil.example' } };
      const usual = await client.call(method, path, foreign);
      const tricked = await client.call(method, change(path), foreign);
      expect([tricked.status, tricked.json?.code]).toEqual([usual.status, usual.json?.code]);
      expect(tricked.headers.get('Cache-Control')).toBe(usual.headers.get('Cache-Control'));
    },
  );
});

describe('an address that is not ours', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])(
    'is 404 as a problem document for %s (INP-14)',
    async (method) => {
      for (const path of [
        '/index.html',
        '/api',
        '/api/',
        '/api/auth',
        '/favicon.ico',
        '/%',
        '/api/auth/%ff',
        '/..%2f..%2fetc/passwd',
      ])
        await expectNotFound(method, path);
    },
  );

  test.each([
    '/__scheduled',
    '/__scheduled?cron=0+2+*+*+*',
    '/cdn-cgi/handler/scheduled',
    '/cdn-cgi/mf/scheduled',
    '/debug',
    '/debug/pprof',
    '/metrics',
    '/.env',
    '/.dev.vars',
    '/.git/config',
    '/wrangler.toml',
    '/package.json',
    '/index.js',
    '/index.js.map',
    '/src/index.ts',
    '/openapi.json.map',
    '/api/test',
    '/api/debug',
  ])('hides nothing behind %s (LOG-09)', async (path) => {
    await expectNotFound('GET', path);
    await expectNotFound('POST', path);
  });
});

const allMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'];
const paths = [...new Set(registeredRoutes.map((key) => key.slice(key.indexOf(' ') + 1)))];

/** By which some servers let a request choose its method. */
const overrides = ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method'];

/** The registered methods of a path, as Allow says them. */
function allowed(path: string): string[] {
  const methods = registeredRoutes
    .filter((key) => key.endsWith(` ${path}`))
    .map((key) => key.split(' ')[0] ?? '');
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

/** The address of a path, parameters filled in. */
function exampleAddress(path: string): string {
  const key = registeredRoutes.find((candidate) => candidate.endsWith(` ${path}`)) ?? '';
  return exampleOf(key).path?.(account) ?? path;
}

describe.each(paths)('%s', (path) => {
  test('answers a wrong method with 405 and Allow, whoever asks, changes nothing, and lets no header choose the method (CSR-07, INP-14)', async () => {
    const wrong = allMethods.filter((method) => !allowed(path).includes(method));
    const asked = Object.fromEntries(overrides.map((header) => [header, allowed(path)[0] ?? '']));
    const { cookies, accessToken: bearer } = account;
    for (const method of wrong) {
      for (const options of [{}, { cookies }, { bearer }, { bearer, headers: asked }]) {
        const answer = await client.call(method, exampleAddress(path), options);
        expect(answer.status, method).toBe(405);
        expect(answer.headers.get('Allow'), method).toBe(allowed(path).join(', '));
        if (method !== 'HEAD') expect(answer.json.code, method).toBe('method_not_allowed');
        expect(answer.setCookies, method).toEqual([]);
        expect(answer.roundTrips, method).toBe(0);
      }
    }
  });
});

/** Reads that leave a record of themselves, and change nothing else. */
const recordedReads = ['GET /api/auth/me/export'];

async function stateBesideRecords(key: string): Promise<unknown> {
  const tables: { name: string }[] = JSON.parse(await databaseState());
  // An export is counted as well.
  const records = ['security_events', 'login_attempts'];
  return tables.filter(({ name }) => !records.includes(name) || !recordedReads.includes(key));
}

/** A link that begins a visit to a provider, and the way back: the cookie of the visit is all that the one sets. */
const visits = ['GET /api/auth/oauth/:provider', 'GET /api/auth/oauth/:provider/callback'];

describe('a visit to a provider', () => {
  test('begins without a trace in the database, and its end is reached by no HEAD (CSR-07)', async () => {
    const before = await databaseState();
    const [, start, options] = exampleCall(visits[0]!, account, 'cookie');
    for (const method of ['GET', 'HEAD'])
      expect((await client.call(method, start, options)).status).toBe(302);
    const [, back, withVisit] = exampleCall(visits[1]!, account, 'cookie');
    const head = await client.call('HEAD', back, withVisit);
    expect([head.status, head.headers.get('Allow'), head.setCookies]).toEqual([405, 'GET, POST', []]);
    expect(await databaseState()).toBe(before);
    expect((await client.call('GET', back, withVisit)).status).toBe(303);
  });
});

describe('GET and HEAD', () => {
  test.each(registeredRoutes.filter((key) => key.startsWith('GET ') && !visits.includes(key)))(
    '%s with cookies changes nothing, sets no cookie, and HEAD says the same without a body (CSR-07)',
    async (key) => {
      const before = await stateBesideRecords(key);
      const [, path, options] = exampleCall(key, account, 'cookie');
      const got = await client.call('GET', path, options);
      const head = await client.call('HEAD', path, options);
      expect([got.status, head.status, head.text]).toEqual([
        exampleOf(key).status,
        exampleOf(key).status,
        '',
      ]);
      const names = (headers: Headers) => [...headers.keys()].filter((name) => name !== 'content-length');
      expect(names(head.headers)).toEqual(names(got.headers));
      expect([...got.setCookies, ...head.setCookies]).toEqual([]);
      expect(await stateBesideRecords(key)).toEqual(before);
    },
  );
});

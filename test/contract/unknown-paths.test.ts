import { describe, expect, test } from 'vitest';
import { TestClient } from '../support/client.ts';
import { insertAccount } from './insert-account.ts';
import { casesFor } from './route-choice.ts';
import { exampleCall, exampleOf, registeredRoutes } from './route-table.ts';

const client = new TestClient();
const account = await insertAccount(client);

async function expectNotFound(method: string, path: string): Promise<void> {
  const answer = await client.call(method, path, { cookies: account.cookies, bearer: account.accessToken });
  expect([answer.status, answer.json.code], path).toEqual([404, 'not_found']);
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  expect(answer.headers.get('Allow')).toBeNull();
  expect(answer.setCookies).toEqual([]);
  expect(answer.roundTrips).toBe(0);
}

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

async function expectRefusedAlike(method: string, path: string): Promise<void> {
  const answer = await client.call(method, path, { cookies: account.cookies, bearer: account.accessToken });
  expect([404, 405], `${path} ${answer.text}`).toContain(answer.status);
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  expect(answer.setCookies).toEqual([]);
}

describe.each(registeredRoutes)('%s', (key) => {
  test.each(casesFor(key, notTheSame, oneOfEach))(
    'is not found with %s (LIM-07, INP-14)',
    async (_trick, change) => {
      const [method, path] = addressOf(key);
      const changed = change(path);
      await (isParameter(changed) ? expectRefusedAlike : expectNotFound)(method, changed);
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

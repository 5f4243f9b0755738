import { afterEach, describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { defineRoute } from '../../src/http/route.ts';
import { serviceWith } from '../http/planted-service.ts';
import { TestClient } from '../support/client.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { casesFor, isTriedInFull } from './route-choice.ts';
import { exampleCall, exampleOf, registeredRoutes } from './route-table.ts';

const client = new TestClient();
const account = await insertAccount(client);

/** Lets the handler of a route fail, until it is mended. */
function breakHandler(key: string, thrown: unknown): void {
  const route = createApp().serves.find(({ method, path }) => `${method} ${path}` === key);
  if (route === undefined) throw new Error(`${key} is not served`);
  const { handle } = route;
  Object.assign(route, { handle: () => Promise.reject(thrown) });
  mend = () => Object.assign(route, { handle });
}

let mend = (): unknown => undefined;
afterEach(() => void mend());

const accidents: [what: string, thrown: () => unknown][] = [
  ['an error', () => new Error('canary at line 1')],
  [
    'an error that holds itself',
    () => {
      const error = new Error('canary');
      error.cause = error;
      return error;
    },
  ],
  ['a range error of the engine', () => new RangeError('Maximum call stack size exceeded canary')],
  ['an abort', () => new DOMException('canary', 'AbortError')],
  ['a text', () => 'canary'],
  ['an object', () => ({ status: 200, canary: true })],
  ['null', () => null],
  ['nothing', () => undefined],
];

test.each(registeredRoutes)(
  'whatever the handler of %s throws, the answer is a bare 500, the log has one line, and the next request is answered (LOG-06)',
  async (key) => {
    const [method, path, options] = exampleCall(key, account);
    for (const [what, thrown] of casesFor(key, accidents, ['an error'])) {
      breakHandler(key, thrown());
      const lines = recordLog();
      const answer = await client.call(method, path, options);
      mend();
      expectProblem(answer, 500, 'internal_error', what);
      expect(answer.json.detail).toBeUndefined();
      expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(answer.headers.get('Vary')).toBe('Origin');
      expect(lines, what).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        level: 'error',
        event: 'internal_error',
        requestId: answer.json.requestId,
        method,
        path: path.split('?')[0],
      });
    }
    if (!isTriedInFull(key)) return;
    const next = await client.call(...exampleCall(key, await insertAccountFor(client, key)));
    expect(next.status, next.text).toBe(exampleOf(key).status);
  },
);

/** A service of which a module does not load: a handler, and what all features say. */
function serviceWithoutModules(): TestClient {
  const load = () => Promise.reject(new Error('no such module'));
  const planted = defineRoute({ method: 'GET', path: '/planted', guard: 'anyone' }, load);
  return new TestClient({}, { features: [{ routes: [planted], loadRules: load }] });
}

describe('when something outside the handlers throws', () => {
  const unreadable = new Proxy(
    {},
    {
      get() {
        throw new Error('canary');
      },
    },
  );

  test('an environment that cannot be read is a 500 with every header, and one log line (LOG-06)', async () => {
    const lines = recordLog();
    const client = new TestClient();
    Object.assign(client, { env: unreadable });
    for (const path of ['/api/auth/me', '/api/unknown'])
      expectProblem(await client.get(path), 500, 'internal_error');
    const answer = await client.get('/api/auth/me');
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(lines).toHaveLength(3);
  });

  test('a clock that fails is a 500, and one log line (LOG-06)', async () => {
    const lines = recordLog();
    const client = new TestClient(
      {},
      {
        now: () => {
          throw new Error('canary');
        },
      },
    );
    const needClock = ['POST /api/auth/refresh', 'GET /api/auth/me', 'PATCH /api/auth/me'];
    for (const key of needClock)
      expectProblem(await client.call(...exampleCall(key, account)), 500, 'internal_error');
    expect(lines).toHaveLength(needClock.length);
  });

  test.each<[what: string, answer: () => never | Response]>([
    [
      'a text that is thrown',
      () => {
        throw 'postgresql://user:canary@host/database';
      },
    ],
    [
      'an object that is thrown',
      () => {
        throw Object.assign({}, { url: 'https://example.com/?code=canary' });
      },
    ],
    ['an answer whose headers cannot be set', () => Response.redirect('https://canary.example/')],
    ['no answer at all', () => undefined as never],
  ])('%s is a 500 with every header, and one log line without it (LOG-01, LOG-06)', async (_what, answer) => {
    const client = serviceWith({ 'GET /planted': answer });
    const lines = recordLog();
    const response = await client.get('/planted');
    expectProblem(response, 500, 'internal_error');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('canary');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      requestId: response.json.requestId,
      cause: { name: 'TypeError' },
    });
  });

  test('a module that does not load is a 500 with every header, and one log line each time (LOG-06)', async () => {
    const client = serviceWithoutModules();
    const lines = recordLog();
    for (let time = 0; time < 2; time++) {
      const answer = await client.get('/planted');
      expectProblem(answer, 500, 'internal_error');
      expect(answer.headers.get('Cache-Control')).toBe('no-store');
    }
    expectProblem(
      await client.call(...exampleCall('GET /api/auth/me/export', account)),
      500,
      'internal_error',
    );
    expect(lines).toHaveLength(3);
    expect((await client.call(...exampleCall('GET /api/auth/me', account))).status).toBe(200);
    expectProblem(await client.post('/api/auth/refresh', { refreshToken: 'nxr_x' }), 401, 'session_expired');
  });
});

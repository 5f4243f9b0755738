import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { Feature } from '../../src/feature.ts';
import { serviceWith } from '../http/planted-service.ts';
import { TestClient } from '../support/client.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { casesFor } from './route-choice.ts';
import { type Account, exampleCall, exampleOf, registeredRoutes } from './route-table.ts';

let account: Account;

beforeAll(async () => {
  account = await insertAccount(new TestClient());
});

/** A client of a service in which one handler fails. */
function clientWhereFails(key: string, thrown: unknown): TestClient {
  const route = createApp().serves.find(({ method, path }) => `${method} ${path}` === key);
  if (route === undefined) throw new Error(`${key} is not served`);
  const { handle } = route;
  Object.assign(route, { handle: () => Promise.reject(thrown) });
  mend = () => Object.assign(route, { handle });
  return new TestClient();
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

describe.each(registeredRoutes)('when the handler of %s throws', (key) => {
  test.each(casesFor(key, accidents, ['an error']))(
    '%s, the answer is a bare 500 and the log has one line (LOG-06)',
    async (_what, thrown) => {
      const client = clientWhereFails(key, thrown());
      const lines = recordLog();
      const [method, path, options] = exampleCall(key, account);
      const answer = await client.call(method, path, options);
      expectProblem(answer, 500, 'internal_error');
      expect(answer.json.detail).toBeUndefined();
      expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(answer.headers.get('Vary')).toBe('Origin');
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        level: 'error',
        event: 'internal_error',
        requestId: answer.json.requestId,
        method,
        path: path.split('?')[0],
      });
      mend();
      const next = await new TestClient().call(...exampleCall(key, await insertAccount(new TestClient())));
      expect(next.status, next.text).toBe(exampleOf(key).status);
    },
  );
});

/** A service whose app cannot be made, as when a module of it does not load. */
function serviceWithoutApp(): TestClient {
  const features = new Proxy<Feature[]>([], {
    get() {
      throw new Error('no such module');
    },
  });
  return new TestClient({ ALLOWED_ORIGINS: 'https://app.example' }, { features });
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

  test('an app that cannot be made is a 500 with every header, and one log line each time (LOG-06)', async () => {
    const client = serviceWithoutApp();
    const lines = recordLog();
    for (const path of ['/api/auth/login', '/login', '/api/auth/me/']) {
      const answer = await client.call(path === '/login' ? 'GET' : 'POST', path);
      expect([answer.status, answer.headers.get('X-Request-Id')]).toEqual([500, expect.any(String)]);
      expect(answer.headers.get('Cache-Control')).toBe('no-store');
    }
    expect(lines).toHaveLength(3);
    expectProblem(await client.get('/api/auth/me'), 401, 'unauthenticated');
  });

  test('hot routes, their preflights and HEAD need no app', async () => {
    const client = serviceWithoutApp();
    const preflight = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'POST' };
    expect((await client.call('OPTIONS', '/api/auth/refresh', { headers: preflight })).status).toBe(204);
    expect((await client.call('HEAD', '/api/health/live')).status).toBe(200);
    expectProblem(await client.post('/api/auth/refresh', { refreshToken: 'nxr_x' }), 401, 'session_expired');
    expect((await client.call('OPTIONS', '/api/auth/login', { headers: preflight })).status).toBe(500);
  });
});

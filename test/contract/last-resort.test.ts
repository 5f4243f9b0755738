import { beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
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
  try {
    return new TestClient();
  } finally {
    Object.assign(route, { handle });
  }
}

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
      const next = await new TestClient().call(...exampleCall(key, await insertAccount(new TestClient())));
      expect(next.status, next.text).toBe(exampleOf(key).status);
    },
  );
});

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
});

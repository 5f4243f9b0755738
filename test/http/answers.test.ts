import { afterEach, describe, expect, test, vi } from 'vitest';
import { AuthError } from '../../src/errors.ts';
import { expectProblem } from '../contract/expect-problem.ts';
import { recordLog } from '../contract/recorded-log.ts';
import { type Answer, type Overrides, TestClient } from '../support/client.ts';
import { serviceWith } from './planted-service.ts';

afterEach(() => vi.restoreAllMocks());

/** Asks a route that is limited and throws this, in a service with this environment. */
function ask(thrown: Error, overrides: Overrides = {}): Promise<Answer> {
  const fail = () => {
    throw thrown;
  };
  return serviceWith({ 'GET /planted': fail }, overrides, { now: () => 0 }).get('/planted');
}

describe('a limited route', () => {
  test('keeps the fields that its handler has set: a nearer limit than this one', async () => {
    const headers = { RateLimit: '"login";r=0;t=900', 'RateLimit-Policy': '"login";q=10;w=900' };
    const spec = { status: 429, title: 'Too many.' };
    const response = await ask(new AuthError('too_many_attempts', spec, { headers, retryAfterSeconds: 900 }));
    expect(response.headers.get('RateLimit')).toBe(headers.RateLimit);
    expect(response.headers.get('RateLimit-Policy')).toBe(headers['RateLimit-Policy']);
    expect(response.headers.get('Retry-After')).toBe('900');
  });

  test('tells its own where the handler has set none', async () => {
    const response = await ask(new AuthError('x', { status: 400, title: 'X.' }));
    expect(response.headers.get('RateLimit')).toBe('"general";r=999999;t=60');
  });

  test('has no limit in a service that cannot be configured', async () => {
    const response = await ask(new AuthError('x', { status: 400, title: 'X.' }), { BASE_URL: '*' });
    expect([response.status, response.headers.has('RateLimit')]).toEqual([503, false]);
  });
});

test.each(['/api/health/live', '/api/auth/me', '/nowhere'])(
  'Server-Timing stands on the answer of %s while the configuration is unusable',
  async (path) => {
    const answer = await new TestClient({ AUTH_SECRET: undefined }).get(path);
    expect(answer.headers.get('Server-Timing')).toBe('db;desc="0"');
  },
);

test('a page of a failure that cannot be made is a problem document, and one log line (LOG-06)', async () => {
  const lines = recordLog();
  vi.spyOn(crypto, 'getRandomValues').mockImplementation(() => {
    throw new Error('no nonce');
  });
  const answer = await new TestClient().get('/auth/nothing');
  expectProblem(answer, 404, 'not_found');
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    event: 'internal_error',
    requestId: answer.json.requestId,
    cause: { message: 'no nonce' },
  });
});

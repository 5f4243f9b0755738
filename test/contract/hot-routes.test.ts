import { createExecutionContext } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { createService, hotRoutes } from '../../src/service.ts';
import { registerUser } from '../support/accounts.ts';
import {
  type CallOptions,
  cheapParameters,
  type Overrides,
  TestClient,
  toRequest,
} from '../support/client.ts';

type Call = [method: string, path: string, options?: CallOptions];

const foreign = { Origin: 'https://evil.example' };
const listed = { Origin: 'https://app.example' };
const preflight = { ...listed, 'Access-Control-Request-Method': 'POST' };

/** What is asked at the path of a hot route, in every way in which the two could differ. */
function callsAt(path: string, accessToken: string, refreshToken: string): Call[] {
  return ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'].flatMap((method): Call[] => [
    [method, path],
    [method, path, { bearer: accessToken }],
    [method, path, { bearer: `${accessToken}x` }],
    [method, path, { headers: foreign }],
    [method, path, { headers: listed }],
    [method, path, { headers: preflight }],
    [method, path, { headers: { Authorization: 'Basic x', 'X-Request-Id': 'theirs' } }],
    [method, `${path}/`],
    [method, `${path}?q=${'x'.repeat(9000)}`],
    ...(method === 'POST'
      ? ([
          [method, path, { body: { refreshToken: 'nxr_forged' } }],
          [method, path, { body: { refreshToken: 1 } }],
          [method, path, { body: { refreshToken, more: true } }],
          [method, path, { form: { refreshToken } }],
          [method, path, { cookies: { '__Host-nexora_refresh': 'nxr_forged' } }],
          [method, path, { cookies: { '__Host-nexora_refresh': 'nxr_forged' }, headers: foreign }],
        ] as Call[])
      : []),
  ]);
}

/** What differs from one answer to the next, and what does not, of an answer of either. */
async function describeAnswer(path: string, response: Response): Promise<unknown> {
  const changing = /"(?:requestId|accessToken|refreshToken|latency)":"[^"]*"|;t=\d+|r=\d+|dur=[\d.]+/g;
  const headers = [...response.headers].map(([name, value]) => [
    name,
    // Whoever asks first about the health pays for all within a second.
    name === 'x-request-id' || (name === 'server-timing' && path === '/api/health')
      ? 'some'
      : value.replace(changing, ''),
  ]);
  return { status: response.status, headers, body: (await response.text()).replace(changing, '') };
}

describe('the hot routes', () => {
  test('are those that most requests are for', () => {
    expect(hotRoutes.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
      'GET /.well-known/jwks.json',
      'GET /api/auth/me',
      'GET /api/health',
      'GET /api/health/live',
      'POST /api/auth/logout',
      'POST /api/auth/refresh',
    ]);
  });

  test('are routes of the app as well', () => {
    const { serves } = createApp();
    expect(hotRoutes.filter((route) => !serves.includes(route))).toEqual([]);
  });

  const kinds: [what: string, overrides: Overrides][] = [
    ['as usual', { ALLOWED_ORIGINS: 'https://app.example' }],
    ['where the configuration is wrong', { BASE_URL: '*' }],
    ['where there is a demo user', { DEMO_MODE: 'true', ALLOWED_ORIGINS: 'https://app.example' }],
    ['in production', { ENVIRONMENT: 'production', ALLOWED_ORIGINS: 'https://app.example' }],
  ];
  test.each(kinds)('answer as the whole app does, whatever is asked: %s', async (_what, overrides) => {
    const { json } = await registerUser(new TestClient());
    const { env } = new TestClient(overrides);
    const options = { argon2Parameters: cheapParameters };
    const [service, app] = [createService(options), createApp(options)];
    const paths = new Set(hotRoutes.map(({ path }) => path));
    const calls = [...paths].flatMap((path) => callsAt(path, json.accessToken, json.refreshToken));
    expect(calls.length).toBeGreaterThan(300);
    for (const call of calls) {
      const [byService, byApp] = await Promise.all(
        [service, app].map(async (served) =>
          describeAnswer(call[1], await served.fetch(toRequest(...call), env, createExecutionContext())),
        ),
      );
      expect(byService, JSON.stringify(call)).toEqual(byApp);
    }
  });
});

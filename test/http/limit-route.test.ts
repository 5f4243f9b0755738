import { createExecutionContext } from 'cloudflare:test';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { AuthError } from '../../src/errors.ts';
import type { AppEnv } from '../../src/http/context.ts';
import { limitRoute } from '../../src/http/limit-route.ts';
import { answerFailure } from '../../src/http/problem.ts';
import { loadRuntime } from '../../src/runtime.ts';
import { testEnv } from '../support/test-env.ts';

/** Asks a route that is limited and throws this, in a service with this environment. */
async function ask(thrown: Error, env = testEnv()): Promise<Response> {
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    c.set('runtime', await loadRuntime(c.env));
    await next();
  });
  app.get(
    '/',
    limitRoute('general', () => 0),
    () => {
      throw thrown;
    },
  );
  app.onError(answerFailure);
  return app.request('/', {}, env, createExecutionContext());
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
    const response = await ask(new AuthError('x', { status: 400, title: 'X.' }), testEnv({ BASE_URL: '*' }));
    expect([response.status, response.headers.has('RateLimit')]).toEqual([400, false]);
  });
});

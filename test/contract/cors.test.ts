import { describe, expect, test } from 'vitest';
import { routeMethods } from '../../src/http/route.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { isTriedInFull } from './route-choice.ts';
import { exampleCall, registeredRoutes } from './route-table.ts';

const good = 'https://app.test';
const foreign = [
  'https://evil.example',
  'null',
  'https://app.test.evil.example',
  'https://evilapp.test',
  'https://appxtest',
  'https://sub.app.test',
  'http://app.test',
  'https://app.test:444',
  'https://app.test/',
  'https://APP.TEST',
  'https://auth.test', // its own pages need no CORS
  '*',
  '',
];

const client = new TestClient({ ALLOWED_ORIGINS: `https://other.test, ${good}` });
const account = await insertAccount(client);

function preflight(path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return client.call('OPTIONS', path, { headers: { 'Access-Control-Request-Method': 'POST', ...headers } });
}

/** The CORS headers of an answer. */
function corsHeaders({ headers }: Answer): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));
}

describe.each(registeredRoutes)('CORS on %s', (key) => {
  const others = isTriedInFull(key) ? foreign : ['https://evil.example'];

  test('a listed origin, and no other, may read the answer, with credentials (CSR-08)', async () => {
    recordLog();
    const [method, path, options] = exampleCall(key, account, 'bearer', { Origin: good });
    const answer = await client.call(method, path, options);
    expect(corsHeaders(answer)).toEqual({
      'access-control-allow-origin': good,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers':
        'X-Request-Id, X-Device-Token, Retry-After, RateLimit, RateLimit-Policy',
    });
    for (const origin of others) {
      const refused = await client.call(method, path, { ...options, headers: { Origin: origin } });
      expect(corsHeaders(refused), origin).toEqual({});
      expect(refused.headers.get('Vary'), origin).toBe('Origin');
    }
    if (!isTriedInFull(key)) return;
    const plain = await client.call(...exampleCall(key, account));
    expect([corsHeaders(plain), plain.headers.get('Vary')]).toEqual([{}, 'Origin']);
  });

  test('a listed origin, and no other, passes the preflight (CSR-08)', async () => {
    const [method, path] = exampleCall(key, account);
    expect(routeMethods).toContain(method);
    const allowed = await preflight(path, { Origin: good });
    expect([allowed.status, allowed.text]).toEqual([204, '']);
    expect(corsHeaders(allowed)).toEqual({
      'access-control-allow-origin': good,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': routeMethods.join(', '),
      'access-control-allow-headers': 'content-type, authorization, x-device-token',
      'access-control-max-age': '7200',
    });
    for (const origin of others) {
      const refused = await preflight(path, { Origin: origin });
      expect(corsHeaders(refused), origin).toEqual({});
      expect(refused.headers.get('Vary'), origin).toBe('Origin');
    }
  });

  test('the preflight never repeats what was asked for (CSR-09)', async () => {
    const [, path] = exampleCall(key, account);
    const usual = await preflight(path, { Origin: good });
    const asking = await preflight(path, {
      Origin: good,
      'Access-Control-Request-Method': 'TRACE',
      'Access-Control-Request-Headers': 'x-evil, authorization',
      'Access-Control-Request-Private-Network': 'true',
    });
    expect(corsHeaders(asking)).toEqual(corsHeaders(usual));
    expect(JSON.stringify([...asking.headers])).not.toMatch(/evil|TRACE|private/i);
  });
});

describe('CORS', () => {
  test('covers failures too, so that a page can read why (CSR-08)', async () => {
    for (const path of ['/api/auth/me', '/api/unknown']) {
      const answer = await client.get(path, { headers: { Origin: good } });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(good);
    }
  });

  test('lets nobody in where no origin is listed (CSR-08)', async () => {
    const closed = new TestClient({ ALLOWED_ORIGINS: undefined });
    for (const origin of [good, 'https://auth.test', 'null', '*']) {
      const answer = await closed.get('/api/auth/me', { headers: { Origin: origin } });
      expect(corsHeaders(answer), origin).toEqual({});
    }
  });
});

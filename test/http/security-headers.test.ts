import { describe, expect, test } from 'vitest';
import { serviceWith } from './planted-service.ts';

const app = serviceWith({
  'GET /api/planted/me': (c) => c.json({ success: true }),
  'GET /api/planted/cached': (c) => c.json({}, 200, { 'Cache-Control': 'public, max-age=60' }),
  'DELETE /api/planted/me': () => new Response(null, { status: 204 }),
  'GET /api/planted/away': (c) => c.redirect('/'),
  'GET /planted.json': (c) => c.json({ keys: [] }, 200, { 'Cache-Control': 'public, max-age=300' }),
  'GET /page': (c) =>
    c.html('<p>page</p>', 200, {
      'Content-Security-Policy': "script-src 'none'",
      'Referrer-Policy': 'same-origin',
    }),
});

describe('the security headers', () => {
  // Every answer of every route is looked at by test/contract/response-headers.test.ts.
  test.each([
    ['no content', 'DELETE', '/api/planted/me', 204],
    ['redirect', 'GET', '/api/planted/away', 302],
    ['unknown path with a parameter', 'GET', '/api/planted/me;.js', 404],
    ['cacheable by the route', 'GET', '/api/planted/cached', 200],
  ])('HDR-01, HDR-02, HDR-03, HDR-05: stand on every answer: %s', async (_name, method, path, status) => {
    const answer = await app.call(method, path);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'strict-transport-security': 'max-age=63072000; includeSubDomains',
      'referrer-policy': 'no-referrer',
      'content-security-policy':
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
  });

  test('HDR-01: outside /api a route may let its answer be cached', async () => {
    const { headers } = await app.get('/planted.json');
    expect(headers.get('Cache-Control')).toBe('public, max-age=300');
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
  });

  test('HDR-03: a page keeps the policies that it brings', async () => {
    const { headers } = await app.get('/page');
    expect(headers.get('Content-Security-Policy')).toBe("script-src 'none'");
    expect(headers.get('Referrer-Policy')).toBe('same-origin');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  });

  test('HDR-06: nothing tells what the service is made of', async () => {
    const { headers } = await app.get('/api/planted/me');
    expect([headers.has('Server'), headers.has('X-Powered-By')]).toEqual([false, false]);
  });
});

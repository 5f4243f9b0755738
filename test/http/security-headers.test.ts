import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { securityHeaders } from '../../src/http/security-headers.ts';

const app = new Hono();
app.use(securityHeaders);
app.get('/api/auth/me', (c) => c.json({ success: true }));
app.get('/api/auth/cached', (c) => c.json({}, 200, { 'Cache-Control': 'public, max-age=60' }));
app.delete('/api/auth/me', () => new Response(null, { status: 204 }));
app.get('/api/auth/broken', () => {
  throw new Error('broken');
});
app.get('/api/auth/away', (c) => c.redirect('/'));
app.get('/.well-known/jwks.json', (c) =>
  c.json({ keys: [] }, 200, { 'Cache-Control': 'public, max-age=300' }),
);
app.get('/page', (c) =>
  c.html('<p>page</p>', 200, {
    'Content-Security-Policy': "script-src 'none'",
    'Referrer-Policy': 'same-origin',
  }),
);
app.onError((_error, c) => c.json({ success: false }, 500));

const answers: [name: string, method: string, path: string, status: number][] = [
  ['success', 'GET', '/api/auth/me', 200],
  ['no content', 'DELETE', '/api/auth/me', 204],
  ['error', 'GET', '/api/auth/broken', 500],
  ['redirect', 'GET', '/api/auth/away', 302],
  ['unknown path', 'GET', '/api/auth/me/x.css', 404],
  ['unknown path with a parameter', 'GET', '/api/auth/me;.js', 404],
  ['bare prefix', 'GET', '/api', 404],
  ['HEAD', 'HEAD', '/api/auth/me', 200],
  ['cacheable by the route', 'GET', '/api/auth/cached', 200],
  ['unknown path elsewhere', 'GET', '/nowhere', 404],
  ['unknown path in another case', 'GET', '/API/auth/me', 404],
];

describe('securityHeaders', () => {
  test.each(answers)(
    'HDR-01, HDR-02, HDR-03, HDR-05: stand on every answer: %s',
    async (_name, method, path, status) => {
      const answer = await app.request(path, { method });
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
    },
  );

  test('HDR-01: outside /api a route may let its answer be cached', async () => {
    const { headers } = await app.request('/.well-known/jwks.json');
    expect(headers.get('Cache-Control')).toBe('public, max-age=300');
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'");
  });

  test('HDR-03: a page keeps the policies that it brings', async () => {
    const { headers } = await app.request('/page');
    expect(headers.get('Content-Security-Policy')).toBe("script-src 'none'");
    expect(headers.get('Referrer-Policy')).toBe('same-origin');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  });

  test('HDR-06: nothing tells what the service is made of', async () => {
    const { headers } = await app.request('/api/auth/me');
    expect([headers.has('Server'), headers.has('X-Powered-By')]).toEqual([false, false]);
  });
});

import { describe, expect, test } from 'vitest';
import { commonErrors } from '../../src/errors.ts';
import { serviceWith } from './planted-service.ts';

const good = 'https://app.example';
const preflight = {
  'Access-Control-Request-Method': 'POST',
  'Access-Control-Request-Headers': 'content-type',
};

function appWith(origins = `${good},http://localhost:3000`) {
  const calls: string[] = [];
  const client = serviceWith(
    {
      'POST /planted/login': (c) => {
        calls.push('login');
        return c.json({ success: true }, 200, { Vary: 'Cookie' });
      },
      'GET /planted/broken': () => {
        throw commonErrors.service_unavailable();
      },
    },
    { ALLOWED_ORIGINS: origins },
  );
  const send = (method: string, path: string, headers: Record<string, string> = {}) =>
    client.call(method, path, { headers });
  return { send, calls };
}

/** The names of the CORS headers of an answer. */
const corsHeaders = ({ headers }: { readonly headers: Headers }) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'));

const others = [
  'https://evil.example',
  'null',
  '*',
  'https://app.example.evil.com',
  'https://xapp.example',
  'https://appxexample',
  'https://sub.app.example',
  'https://app.example:8443',
  'http://app.example',
  'https://APP.example',
  'https://app.example/',
  `${good}, https://evil.example`,
  '',
];

describe('cors', () => {
  test('CSR-08: a listed origin may read the answer, with credentials', async () => {
    const { send } = appWith();
    const { headers } = await send('POST', '/planted/login', { Origin: good });
    expect(headers.get('Access-Control-Allow-Origin')).toBe(good);
    expect(headers.get('Access-Control-Allow-Credentials')).toBe('true');
    expect(headers.get('Access-Control-Expose-Headers')).toBe(
      'X-Request-Id, X-Device-Token, Retry-After, RateLimit, RateLimit-Policy',
    );
    expect(headers.has('Access-Control-Allow-Methods')).toBe(false);
  });

  test('CSR-08: the preflight of a listed origin is answered without the handler', async () => {
    const { send, calls } = appWith();
    const answer = await send('OPTIONS', '/planted/login', { Origin: good, ...preflight });
    expect([answer.status, answer.text, calls]).toEqual([204, '', []]);
    const told = [...answer.headers].filter(
      ([name]) => name === 'vary' || name.startsWith('access-control-'),
    );
    expect(Object.fromEntries(told)).toEqual({
      'access-control-allow-origin': good,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'content-type, authorization, x-device-token',
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
  });

  test.each(others)(
    'CSR-08, T18: no other origin gets any CORS header, on preflight or answer: %j',
    async (origin) => {
      const { send } = appWith();
      const answers = [
        await send('OPTIONS', '/planted/login', { Origin: origin, ...preflight }),
        await send('POST', '/planted/login', { Origin: origin }),
        await send('GET', '/planted/broken', { Origin: origin }),
        await send('GET', '/nowhere', { Origin: origin }),
      ];
      expect(answers.flatMap(corsHeaders)).toEqual([]);
    },
  );

  test('CSR-09, T18: the preflight does not repeat the headers that were asked for', async () => {
    const { send } = appWith();
    const asked = { ...preflight, 'Access-Control-Request-Headers': 'x-evil, content-type' };
    const { headers } = await send('OPTIONS', '/planted/login', { Origin: good, ...asked });
    expect(headers.get('Access-Control-Allow-Headers')).toBe('content-type, authorization, x-device-token');
    expect(headers.get('Vary')).toBe('Origin');
  });

  test.each<[name: string, method: string, path: string, headers: Record<string, string>]>([
    ['without an origin', 'POST', '/planted/login', {}],
    ['to a listed origin', 'POST', '/planted/login', { Origin: good }],
    ['to another origin', 'POST', '/planted/login', { Origin: 'https://evil.example' }],
    ['a preflight', 'OPTIONS', '/planted/login', { Origin: good, ...preflight }],
    ['a refused preflight', 'OPTIONS', '/planted/login', { Origin: 'https://evil.example', ...preflight }],
    ['an error', 'GET', '/planted/broken', {}],
    ['an unknown path', 'GET', '/nowhere', {}],
  ])('HDR-06: every answer varies by Origin: %s', async (_name, method, path, headers) => {
    const answer = await appWith().send(method, path, headers);
    expect(answer.headers.get('Vary')?.split(', ')).toContain('Origin');
  });

  test("HDR-06: a route's own Vary stays", async () => {
    const { headers } = await appWith().send('POST', '/planted/login');
    expect(headers.get('Vary')).toBe('Cookie, Origin');
  });

  test('CSR-08: a listed origin may read errors too', async () => {
    const { send } = appWith();
    for (const path of ['/planted/broken', '/nowhere']) {
      const { headers } = await send('GET', path, { Origin: good });
      expect(headers.get('Access-Control-Allow-Origin')).toBe(good);
      expect(headers.get('Access-Control-Expose-Headers')).toContain('Retry-After');
    }
  });

  test.each<[name: string, headers: Record<string, string>]>([
    ['no requested method', { Origin: good }],
    ['no origin', preflight],
  ])('INP-14: an OPTIONS request that is no preflight reaches the router: %s', async (_name, headers) => {
    const answer = await appWith().send('OPTIONS', '/planted/login', headers);
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'POST']);
  });

  test('a list that cannot be read lets nobody in, and stops the request before its handler', async () => {
    const { send, calls } = appWith('*');
    const answer = await send('POST', '/planted/login', { Origin: good });
    expect([answer.status, corsHeaders(answer)]).toEqual([503, []]);
    expect(calls).toEqual([]);
  });
});

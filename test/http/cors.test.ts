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

describe('cors', () => {
  // Every origin on every route is tried by test/contract/cors.test.ts.
  test('CSR-08, CSR-09, T18: a preflight is answered without the handler, and by fixed lists whatever it asks for', async () => {
    const { send, calls } = appWith();
    const asked = { ...preflight, 'Access-Control-Request-Headers': 'x-evil, content-type' };
    for (const [Origin, allowed] of [
      [good, 'content-type, authorization, x-device-token'],
      ['https://evil.example', null],
    ] as const) {
      const answer = await send('OPTIONS', '/planted/login', { Origin, ...asked });
      expect([answer.status, answer.text, calls]).toEqual([204, '', []]);
      expect(corsHeaders(answer)).toHaveLength(allowed === null ? 0 : 5);
      expect(answer.headers.get('Access-Control-Allow-Headers')).toBe(allowed);
      expect(answer.headers.get('Vary')).toBe('Origin');
    }
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

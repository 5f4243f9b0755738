import { describe, expect, test } from 'vitest';
import { readRequestMetadata } from '../../src/http/request-metadata.ts';

function infoOf(headers: Record<string, string>, cf?: unknown) {
  const request = new Request('https://auth.example/', { headers });
  // What Cloudflare, a service binding or the development server attaches is not typed at run time.
  Object.defineProperty(request, 'cf', { value: cf });
  return readRequestMetadata(request, 'r-1');
}

describe('readRequestMetadata', () => {
  test('describes the client as Cloudflare and its own headers do', () => {
    const headers = { 'CF-Connecting-IP': '2001:DB8::1', 'User-Agent': 'Mozilla/5.0' };
    expect(infoOf(headers, { city: 'Zürich', region: 'Zurich', country: 'CH', colo: 'ZRH' })).toEqual({
      requestId: 'r-1',
      operationId: expect.stringMatching(/^[\da-f-]{36}$/),
      ipAddress: '2001:db8::1',
      userAgent: 'Mozilla/5.0',
      location: { city: 'Zürich', region: 'Zurich', country: 'CH' },
      locale: null,
    });
  });

  test('takes the language that the browser prefers', () => {
    expect(infoOf({ 'Accept-Language': 'de-ch,en;q=0.8' }).locale).toBe('de-CH');
  });

  test('LIM-06: says null for everything that is not known', () => {
    expect(infoOf({})).toEqual({
      requestId: 'r-1',
      operationId: expect.stringMatching(/^[\da-f-]{36}$/),
      ipAddress: null,
      userAgent: null,
      location: null,
      locale: null,
    });
  });

  test('INP-12: cuts a huge User-Agent at 256 UTF-16 units', () => {
    expect(infoOf({ 'User-Agent': 'x'.repeat(65_536) }).userAgent).toBe('x'.repeat(256));
  });

  test('LOG-03: drops control characters and line separators from the User-Agent', () => {
    const request = {
      headers: {
        get: (name: string) => (name === 'User-Agent' ? 'a\n{"level":"info"}\u0000\u0085\u2028b' : null),
      },
    };
    expect(readRequestMetadata(request as unknown as Request, 'r-1').userAgent).toBe('a{"level":"info"}b');
  });

  test('INP-09: a text that is cut inside a surrogate pair stays well-formed', () => {
    const { location } = infoOf({}, { city: `${'x'.repeat(99)}😀` });
    // Not compared as texts: an ill-formed one would break the runner's connection instead of failing the test.
    expect([location?.city?.isWellFormed(), location?.city?.length]).toEqual([true, 100]);
  });

  test.each<[name: string, cf: unknown, location: unknown]>([
    ['nothing', undefined, null],
    ['null', null, null],
    ['a string', 'Zürich', null],
    ['other types', { city: 1, region: { a: 1 }, country: ['CH'] }, null],
    ['empty and blank texts', { city: '', region: ' ', country: '\u0000' }, null],
    ['one text', { country: 'CH' }, { city: null, region: null, country: 'CH' }],
    ['NUL in a text', { city: 'a\u0000b' }, { city: 'ab', region: null, country: null }],
    ['a long text', { city: 'c'.repeat(101) }, { city: 'c'.repeat(100), region: null, country: null }],
  ])('trusts no type of request.cf: %s', (_name, cf, location) => {
    expect(infoOf({}, cf).location).toEqual(location);
  });
});

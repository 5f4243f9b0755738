import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commonErrors } from '../src/errors.ts';
import { log } from '../src/log.ts';

const written: string[] = [];
const methods: string[] = [];

beforeEach(() => {
  written.length = methods.length = 0;
  for (const method of ['log', 'info', 'warn', 'error'] as const) {
    vi.spyOn(console, method).mockImplementation((...line: unknown[]) => {
      methods.push(method);
      written.push(...line.map(String));
    });
  }
});

afterEach(() => vi.restoreAllMocks());

/** The one line that the call writes, parsed. */
function lineOf(fields?: Record<string, unknown>, event = 'event') {
  log('info', event, fields);
  expect(written).toHaveLength(1);
  return JSON.parse(written[0]!) as Record<string, unknown>;
}

describe('log', () => {
  test.each([
    ['info', 'log'],
    ['warn', 'warn'],
    ['error', 'error'],
  ] as const)('writes %s as one line by console.%s, with the time in UTC', (level, method) => {
    log(level, 'authn_login_fail', { requestId: 'r-1', roundTrips: 2 });
    expect([methods, written.length]).toEqual([[method], 1]);
    const { time, ...rest } = JSON.parse(written[0]!) as Record<string, unknown>;
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(rest).toEqual({ level, event: 'authn_login_fail', requestId: 'r-1', roundTrips: 2 });
  });

  test('LOG-03: fields cannot replace the time, level or event', () => {
    const line = lineOf({ time: 'never', level: 'error', event: 'forged', other: 1 });
    expect(line).toMatchObject({ level: 'info', event: 'event', other: 1 });
    expect(line.time).not.toBe('never');
  });

  test.each<[name: string, text: string]>([
    ['line feed', '\n{"level":"info"}'],
    ['carriage return', '\r\n'],
    ['terminal escape', '\u001b[2J'],
    ['C1 escape', '\u009b2J'],
    ['DEL', '\u007f'],
    ['NEL', '\u0085'],
    ['line separator', '\u2028'],
    ['paragraph separator', '\u2029'],
    ['lone surrogate', '\ud800'],
  ])('LOG-03: no text starts a second line or steers a terminal: %s', (_name, text) => {
    const line = lineOf({ [text]: text, list: [text] }, text);
    expect(written[0]).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u);
    // As ASCII: an ill-formed text would break the runner's connection instead of failing the test.
    expect(JSON.stringify([line.event, line.list])).toBe(
      JSON.stringify([text.toWellFormed(), [text.toWellFormed()]]),
    );
  });

  test('LOG-03: strings are cut at 1000 characters and stay well-formed', () => {
    const line = lineOf({ long: 'x'.repeat(5000), pair: `${'x'.repeat(999)}😀` }, 'e'.repeat(5000));
    expect([line.event, line.long]).toEqual(['e'.repeat(1000), 'x'.repeat(1000)]);
    expect(JSON.stringify(line.pair)).toBe(`"${'x'.repeat(999)}\ufffd"`);
  });

  test('LOG-03: depth, lists and objects are cut, and a cycle ends', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const line = lineOf({
      cycle,
      list: Array(100).fill(1),
      object: Object.fromEntries(
        Array(100)
          .fill(0)
          .map((_, n) => [n, n]),
      ),
    });
    expect(JSON.stringify(line.cycle)).toContain('[too deep]');
    expect([line.list, Object.keys(line.object as object)].map((list) => (list as unknown[]).length)).toEqual(
      [50, 50],
    );
    expect(written[0]!.length).toBeLessThan(2000);
  });

  test.each([
    'password',
    'newPassword',
    'password_hash',
    'tokenHash',
    'refreshToken',
    'AUTH_SECRET',
    'clientSecret',
    'Cookie',
    'set-cookie',
    'Authorization',
    'Neon-Connection-String',
    'connectionString',
  ])('LOG-01: what stands under %s is not written, at any depth', (key) => {
    const line = lineOf({ [key]: 'canary', nested: { list: [{ [key]: { inner: 'canary' } }] } });
    expect(line[key]).toBe('[redacted]');
    expect(written[0]).not.toContain('canary');
  });

  test('LOG-01: of an error only the name, message, code, constraint and frames are written', () => {
    const error = Object.assign(new TypeError('duplicate key'), {
      code: '23505',
      constraint: 'users_email_key',
      detail: 'Key (email)=(canary@x.example) already exists.',
      query: 'canary',
      fetchOptions: { headers: { 'Neon-Connection-String': 'postgres://u:canary@h/db' } },
      cause: new Error('canary'),
    });
    const { error: told } = lineOf({ error }) as { error: Record<string, unknown> };
    expect(told).toEqual({
      name: 'TypeError',
      message: 'duplicate key',
      code: '23505',
      constraint: 'users_email_key',
      stack: expect.any(Array),
    });
    expect(written[0]).not.toContain('canary');
  });

  test('LOG-06: an unexpected error brings at most 8 frames, without the message', () => {
    const deep = (n: number): Error => (n === 0 ? new Error('first line\nsecond line') : deep(n - 1));
    const { error } = lineOf({ error: deep(20) }) as { error: { stack: string[] } };
    expect(error.stack.length).toBeGreaterThan(0);
    expect(error.stack.length).toBeLessThanOrEqual(8);
    expect(error.stack.every((frame) => frame.startsWith('at '))).toBe(true);
  });

  test('an expected AuthError brings its internal part and no frames', () => {
    const internal = Object.assign(new Error('refused'), { code: '57P01', password: 'canary' });
    const { error } = lineOf({ error: commonErrors.service_unavailable({ internal, detail: 'shown' }) });
    expect(error).toEqual({
      name: 'AuthError',
      message: 'service_unavailable',
      code: 'service_unavailable',
      internal: expect.objectContaining({ name: 'Error', message: 'refused', code: '57P01' }),
    });
    expect(written[0]).not.toContain('canary');
  });

  test('codes and constraints that are no strings are left out', () => {
    const error = Object.assign(new Error('x'), { code: 8000, constraint: {} });
    expect(Object.keys(lineOf({ error }).error as object)).toEqual(['name', 'message', 'stack']);
  });

  test('values that JSON lacks are written as far as they can be', () => {
    const at = new Date('2026-01-02T03:04:05Z');
    const line = lineOf({
      big: 10n,
      at,
      bad: new Date(Number.NaN),
      none: undefined,
      call: () => 1,
      nan: Number.NaN,
    });
    expect(line).toMatchObject({ big: '10', at: '2026-01-02T03:04:05.000Z', bad: null, nan: null });
    expect(Object.keys(line)).not.toContain('call');
  });

  test('LOG-01: a toJSON of the value is never called', () => {
    lineOf({ toJSON: () => 'canary', nested: { toJSON: () => 'canary', kept: 1 } });
    expect(written[0]).not.toContain('canary');
    expect(written[0]).toContain('"kept":1');
  });

  test('LOG-06: fields that throw when they are read still leave one line', () => {
    const hostile = Object.defineProperty({}, 'x', { enumerable: true, get: () => expect.fail('read') });
    expect(lineOf({ hostile })).toMatchObject({ event: 'event', fields: '[unreadable]' });
  });

  test('LOG-03: whatever the fields, it writes one line without control characters, and never throws', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ unit: 'binary' }),
          fc.anything({
            withBigInt: true,
            withDate: true,
            withMap: true,
            withSet: true,
            withTypedArray: true,
            withNullPrototype: true,
          }),
        ),
        (fields) => {
          written.length = 0;
          log('info', 'event', fields);
          expect(written).toHaveLength(1);
          expect(written[0]).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u);
          expect(JSON.parse(written[0]!)).toMatchObject({ level: 'info', event: 'event' });
        },
      ),
      { numRuns: 500 },
    );
  });
});

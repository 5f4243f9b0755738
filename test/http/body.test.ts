import { describe, expect, test } from 'vitest';
import { readJsonBody } from '../../src/http/body.ts';
import { fastestMs } from './fastest-ms.ts';
import { refusalOf } from './refusal.ts';

const url = 'https://auth.example/api/auth/login';
const json = { 'Content-Type': 'application/json' };
const required = { isOptional: false };
const optional = { isOptional: true };

function post(body: BodyInit | null, headers: HeadersInit = json): Request {
  const request = new Request(url, { method: 'POST', body });
  // The constructor adds a type to a string: what is tested is what the client declares.
  request.headers.delete('Content-Type');
  for (const [name, value] of new Headers(headers)) request.headers.set(name, value);
  return request;
}

/** Counts what is pulled out of it, so that a test can tell how much was read. */
function chunked(chunkBytes: number, chunks: number) {
  const seen = { chunks: 0, isCancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (seen.chunks++ === chunks) controller.close();
        else controller.enqueue(new Uint8Array(chunkBytes).fill(0x20));
      },
      cancel() {
        seen.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, seen };
}

describe('readJsonBody', () => {
  test.each<[row: string, contentType: string]>([
    ['plain', 'application/json'],
    ['charset', 'application/json; charset=utf-8'],
    ['upper case', 'Application/JSON;CHARSET=UTF-8'],
    ['quoted charset', 'application/json ; charset="utf-8"'],
  ])('INP-02: takes JSON that is declared with %s', async (_name, contentType) => {
    expect(await readJsonBody(post('{"a":1}', { 'Content-Type': contentType }), required)).toEqual({ a: 1 });
  });

  // The routes are tried with more types, and more bytes, by test/contract/content-type.test.ts and bodies.test.ts.
  test.each<[row: string, headers: Record<string, string>]>([
    ['INP-02 no type', {}],
    ['INP-02 a suffix type', { 'Content-Type': 'application/problem+json' }],
    ['INP-02 gzip', { ...json, 'Content-Encoding': 'gzip' }],
    ['CSR-02 form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['CSR-02 text', { 'Content-Type': 'text/plain' }],
    ['CSR-02 text that mentions JSON', { 'Content-Type': 'text/plain; application/json' }],
    ['CSR-02 UTF-16', { 'Content-Type': 'application/json; charset=utf-16' }],
    ['CSR-02 other parameter', { 'Content-Type': 'application/json; version=1' }],
    ['CSR-02 second parameter', { 'Content-Type': 'application/json; charset=utf-8; x=y' }],
  ])('answers 415 whether or not the body is optional: %s', async (_row, headers) => {
    for (const options of [required, optional]) {
      const error = await refusalOf(readJsonBody(post('{}', headers), options));
      expect([error.code, error.spec.status]).toEqual(['unsupported_media_type', 415]);
    }
  });

  test.each<[row: string, request: () => Request]>([
    ['no body, no type', () => new Request(url, { method: 'POST' })],
    ['empty body, no type', () => post(chunked(0, 0).stream, {})],
    ['empty body, JSON type', () => post('', json)],
    ['empty body, Content-Length 0', () => post(null, { 'Content-Length': '0' })],
  ])('INP-02: an optional body may be absent: %s', async (_name, request) => {
    expect(await readJsonBody(request(), optional)).toEqual({});
  });

  test.each(['', ' ', '-0', '0x0', '00'])(
    'INP-01: a body is read whose Content-Length is %j, which only looks like none',
    async (length) => {
      const request = post('{"refreshToken":"x"}', { ...json, 'Content-Length': length });
      expect(await readJsonBody(request, optional)).toEqual({ refreshToken: 'x' });
    },
  );

  test('INP-02: an optional body that has bytes still needs its type', async () => {
    const error = await refusalOf(readJsonBody(post('{"refreshToken":"x"}', {}), optional));
    expect(error.code).toBe('unsupported_media_type');
  });

  test('INP-03: a body that is required may not be absent or empty', async () => {
    const absent = await refusalOf(readJsonBody(new Request(url, { method: 'POST' }), required));
    const empty = await refusalOf(readJsonBody(post(''), required));
    expect([absent.code, empty.code]).toEqual(['unsupported_media_type', 'malformed_json']);
  });

  test.each<[row: string, text: string, value: unknown]>([
    ['null', 'null', null],
    ['array', '[]', []],
    ['string', '"x"', 'x'],
    ['number', '123', 123],
  ])('INP-03: leaves it to the schema to refuse a document that is %s', async (_name, text, value) => {
    expect(await readJsonBody(post(text), required)).toEqual(value);
  });

  test('INP-04, T27: the strict parser reads the body', async () => {
    const error = await refusalOf(readJsonBody(post('{"email":"a@x","email":"b@x"}'), required));
    expect(error.options.detail).toContain('two members of the same name');
  });

  test('INP-01: takes exactly 16384 bytes, in one piece and in chunks', async () => {
    const text = `"${'é'.repeat(8191)}"`;
    expect(await readJsonBody(post(text), required)).toHaveLength(8191);
    const bytes = new TextEncoder().encode(text);
    const pieces = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 1001) controller.enqueue(bytes.slice(at, at + 1001));
        controller.close();
      },
    });
    expect(await readJsonBody(post(pieces), required)).toHaveLength(8191);
  });

  test('INP-01, T27: refuses by Content-Length before anything is read', async () => {
    const { stream, seen } = chunked(1024, 1024);
    const error = await refusalOf(
      readJsonBody(post(stream, { ...json, 'Content-Length': '16385' }), required),
    );
    expect([error.code, error.spec.status, seen.chunks]).toEqual(['payload_too_large', 413, 0]);
  });

  test.each<[row: string, chunkBytes: number, headers: Record<string, string>]>([
    ['chunked', 65_536, {}],
    ['in 1-byte chunks', 1, {}],
    ['with a Content-Length that lies', 1024, { 'Content-Length': '10' }],
    ['with a Content-Length that is no number', 1024, { 'Content-Length': '10, 10' }],
  ])('INP-01: stops reading 1 MiB %s at the limit, within a second', async (_name, chunkBytes, headers) => {
    const { stream, seen } = chunked(chunkBytes, 1_048_576 / chunkBytes);
    const start = performance.now();
    const error = await refusalOf(readJsonBody(post(stream, { ...json, ...headers }), required));
    expect(error.code).toBe('payload_too_large');
    expect(performance.now() - start).toBeLessThan(1000);
    expect(seen.chunks * chunkBytes).toBeLessThanOrEqual(16_384 + 2 * chunkBytes);
    expect(seen.isCancelled).toBe(true);
  });

  test.each<[row: string, bytes: number[]]>([
    ['INP-09 byte that never occurs', [0xff]],
    ['PWD-07 FE', [0xfe]],
    ['INP-09 cut sequence', [0xe2, 0x82]],
  ])('refuses ill-formed UTF-8 instead of replacing it: %s', async (_row, bytes) => {
    const body = new Uint8Array([0x22, 0x61, ...bytes, 0x22]);
    const error = await refusalOf(readJsonBody(post(body), required));
    expect([error.code, error.options.detail]).toEqual(['malformed_json', 'The body must be valid UTF-8.']);
  });

  test('INP-03: refuses a byte order mark', async () => {
    const error = await refusalOf(
      readJsonBody(post(new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d])), required),
    );
    expect(error.code).toBe('malformed_json');
  });

  test('a client that goes away in the middle of its body is refused, not a bug', async () => {
    const stream = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
    const error = await refusalOf(readJsonBody(post(stream), required));
    expect([error.code, error.options.detail]).toEqual(['malformed_json', 'The body ended early.']);
  });

  test('INP-11: a Content-Type of 64 KiB is judged in under 10 ms', async () => {
    const types = [`application/json${' '.repeat(65_536)}x`, `application/json;${'\t'.repeat(65_536)}x`];
    for (const type of types) {
      const request = post('{}', { 'Content-Type': type });
      expect(await fastestMs(() => readJsonBody(request, required))).toBeLessThan(10);
    }
  });
});

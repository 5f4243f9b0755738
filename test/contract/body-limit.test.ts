import { describe, expect, test } from 'vitest';
import { TestClient } from '../support/client.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { json, rawExample } from './raw-example.ts';
import { casesFor } from './route-choice.ts';
import { bodyRoutes, exampleCall, exampleOf } from './route-table.ts';

const limit = 16_384;
const mebibyte = 1024 * 1024;

const client = new TestClient();
const account = await insertAccount(client);

/** Blanks in chunks, and how many bytes of them were asked for. */
function chunked(totalBytes: number, chunkBytes: number) {
  const chunk = new Uint8Array(chunkBytes).fill(0x20);
  const sent = { bytes: 0 };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (sent.bytes >= totalBytes) return controller.close();
        sent.bytes += chunkBytes;
        controller.enqueue(chunk.slice());
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, sent };
}

const tooLong: [kind: string, chunkBytes: number, headers: Record<string, string>][] = [
  ['comes in chunks of one byte', 1, {}],
  ['comes in chunks of 64 KiB', 65_536, {}],
  ['has a Content-Length of 10 and is 1 MiB', 1000, { 'Content-Length': '10' }],
  ['has a Content-Length that is no number', 1000, { 'Content-Length': 'x' }],
  ['has a negative Content-Length', 1000, { 'Content-Length': '-1' }],
];

describe.each(bodyRoutes)('the body of %s', (key) => {
  test('is not read when Content-Length says more than 16 KiB (INP-01)', async () => {
    const { stream, sent } = chunked(mebibyte, 1024);
    const request = rawExample(key, account, stream, { ...json, 'Content-Length': String(mebibyte) });
    const answer = await client.send(request);
    expect([answer.status, answer.json.code]).toEqual([413, 'payload_too_large']);
    expect(sent.bytes).toBe(0);
  });

  test.each(casesFor(key, tooLong, ['comes in chunks of 64 KiB', 'has a Content-Length of 10 and is 1 MiB']))(
    'is given up at 16 KiB when it %s (INP-01)',
    async (_kind, chunkBytes, headers) => {
      const { stream, sent } = chunked(mebibyte, chunkBytes);
      const answer = await client.send(rawExample(key, account, stream, { ...json, ...headers }));
      expect([answer.status, answer.json.code]).toEqual([413, 'payload_too_large']);
      expect(sent.bytes).toBeLessThanOrEqual(limit + 2 * chunkBytes);
      expect(answer.roundTrips).toBe(0);
    },
  );

  test('is refused one byte above 16 KiB, and the next one is read to its last byte at exactly 16 KiB (INP-01)', async () => {
    const fresh = await insertAccountFor(client, key);
    const [, , { body }] = exampleCall(key, fresh);
    const padded = JSON.stringify(body).padEnd(limit);
    const above = await client.send(rawExample(key, fresh, `${padded} `));
    expect([above.status, above.json.code]).toEqual([413, 'payload_too_large']);
    const exact = await client.send(rawExample(key, fresh, padded));
    expect(exact.status, exact.text).toBe(exampleOf(key).status);
  });
});

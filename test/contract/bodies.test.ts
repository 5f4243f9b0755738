import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { features } from '../../src/app.ts';
import type { Deps } from '../../src/deps.ts';
import { loadRulesOf } from '../../src/feature.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { parse } from './minimal-env.ts';
import { json, rawExample } from './raw-example.ts';
import { casesFor } from './route-choice.ts';
import { bodyRoutes, exampleCall, exampleOf, fullBody, loadBodySchema, membersOf } from './route-table.ts';

const client = new TestClient();
const account = await insertAccount(client);

async function send(key: string, body: BodyInit): Promise<Answer> {
  const answer = await client.send(rawExample(key, account, body));
  expect(answer.status, answer.text).toBe(400);
  expect(answer.roundTrips).toBe(0);
  return answer;
}

const noJson: [kind: string, text: string][] = [
  ['blanks', ' \n'],
  ['a trailing comma', '{"email":"a@b.example",}'],
  ['a byte order mark', '\ufeff{}'],
  ['NaN', '{"email":NaN}'],
  ['a comment', '{/* x */}'],
  ['single quotes', "{'email':'a@b.example'}"],
  ['an unquoted name', '{email:1}'],
  ['an unfinished object', '{"email":'],
  ['text behind the end', '{}x'],
  ['two documents', '{}{}'],
  ['a raw line break in a text', '{"email":"a\nb"}'],
  ['a raw NUL', '{"email":"a\0b"}'],
  ['a lone surrogate', '{"email":"\\ud800"}'],
  ['a form', 'email=a%40b.example&password=x'],
];

const noObject: [text: string][] = [
  ['null'],
  ['[]'],
  ['"x"'],
  ['123'],
  ['true'],
  ['[{}]'],
  ['-0'],
  ['1e400'],
];

const deep: [kind: string, text: string][] = [
  ['17 arrays', `{"name":${'['.repeat(16)}${']'.repeat(16)}}`],
  ['8 000 arrays', '['.repeat(8000) + ']'.repeat(8000)],
  ['10 000 arrays that are never closed', '['.repeat(10_000)],
  ['2 000 objects', `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`],
];

/** What would reach the prototype of every object, and its code. */
const prototypes: [text: string, code: string][] = [
  ['{"__proto__":{"role":"admin","emailVerified":true}}', 'malformed_json'],
  ['{"\\u005f_proto__":{"role":"admin","emailVerified":true}}', 'malformed_json'],
  ['{"name":{"__proto__":{"role":"admin"}}}', 'malformed_json'],
  ['{"constructor":{"prototype":{"role":"admin"}}}', 'validation_failed'],
  ['{"toString":"x","hasOwnProperty":1,"valueOf":null}', 'validation_failed'],
];

const illFormed: [kind: string, bytes: number[]][] = [
  ['an overlong NUL', [0xc0, 0x80]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['a byte that never occurs', [0xff]],
  ['an unfinished sequence', [0xe2, 0x82]],
  ['a lone continuation', [0x80]],
  ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
];

describe.each(bodyRoutes)('the syntax of the body of %s', (key) => {
  test.each(casesFor(key, noJson, ['an unfinished object', 'a form']))(
    'refuses what is no JSON: %s (INP-03)',
    async (_kind, text) => {
      expect((await send(key, text)).json.code).toBe('malformed_json');
    },
  );

  test.each(casesFor(key, noObject, ['null', '[]']))(
    'refuses JSON that is no object: %s (INP-03)',
    async (text) => {
      const { json } = await send(key, text);
      expect([json.code, json.errors[0].pointer]).toEqual(['validation_failed', '']);
    },
  );

  test('refuses a member that comes twice, however it is written (INP-04)', async () => {
    for (const name of [...Object.keys(membersOf(key, account)), 'unknown']) {
      const escaped = `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;
      for (const second of [name, escaped]) {
        const answer = await send(key, `{"${name}":"a@b.example","${second}":"b@c.example"}`);
        expect(answer.json.code, second).toBe('malformed_json');
      }
    }
  });

  test.each(casesFor(key, deep, ['17 arrays']))('refuses %s at once (INP-05)', async (_kind, text) => {
    const startedAt = Date.now();
    expect((await send(key, text)).json.code).toBe('malformed_json');
    expect(Date.now() - startedAt).toBeLessThan(1000);
  });

  test('refuses more than 50 members (INP-05)', async () => {
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`member${index}`, 1]));
    expect((await send(key, JSON.stringify(many))).json.code).toBe('malformed_json');
  });

  test.each(casesFor(key, prototypes, ['{"__proto__":{"role":"admin","emailVerified":true}}']))(
    'gives nobody anything by the prototype: %s is %s (INP-06)',
    async (text, code) => {
      expect((await send(key, text)).json.code).toBe(code);
      expect(Object.hasOwn(Object.prototype, 'role')).toBe(false);
      expect(({} as Record<string, unknown>).emailVerified).toBeUndefined();
    },
  );

  test.each(casesFor(key, illFormed, ['a byte that never occurs']))(
    'refuses ill-formed UTF-8 instead of replacing it: %s (INP-09)',
    async (_kind, bytes) => {
      for (const [name, value] of Object.entries(membersOf(key, account))) {
        const body = { ...fullBody(key, account, name), [name]: `${value}~` };
        const [before = '', after = ''] = JSON.stringify(body).split('~"');
        const encoder = new TextEncoder();
        const answer = await send(
          key,
          new Uint8Array([...encoder.encode(before), ...bytes, ...encoder.encode(`"${after}`)]),
        );
        expect(answer.json.code, name).toBe('malformed_json');
      }
    },
  );
});

/** The full body with one member's JSON text replaced. */
function sendWith(key: string, member: string, text: string, by = account): Promise<Answer> {
  const body = { ...fullBody(key, by, member), [member]: '~' };
  return client.send(
    rawExample(
      key,
      by,
      JSON.stringify(body).replace('"~"', () => text),
    ),
  );
}

/** What no request may set, under the names of the API, of the tables and of other systems. */
const members = {
  id: '00000000-0000-4000-8000-000000000000',
  role: 'admin',
  roles: ['admin'],
  isAdmin: true,
  admin: true,
  emailVerified: true,
  email_verified_at: '2020-01-01',
  isVerificationExempt: true,
  passwordHash: '$2a$04$x',
  password_hash: '$2a$04$x',
  hasPassword: false,
  recoveryRequired: false,
  twoFactorEnabled: false,
  two_factor_since: null,
  twoFactorResetAt: '2020-01-01',
  secondFactorAt: '2030-01-01',
  second_factor_at: '2030-01-01',
  amr: ['pwd', 'otp', 'mfa'],
  acr: 'aal2',
  secretSealed: 'x',
  last_step: 0,
  createdAt: '2020-01-01',
  updatedAt: '2020-01-01',
  bannedAt: null,
  userId: '00000000-0000-4000-8000-000000000000',
  sessionId: '00000000-0000-4000-8000-000000000000',
  user: { role: 'admin' },
};

const rules = await loadRulesOf(features);
/** What the schemas of bodies depend on. */
const deps = { config: parse({}), loadRules: async () => rules } as unknown as Deps;

/** Whether the schema says that the member may be null. */
async function isNullable(key: string, member: string): Promise<boolean> {
  const schema = await loadBodySchema(key, deps);
  if (!(schema instanceof z.ZodMiniObject)) throw new TypeError(`the body of ${key} has no members`);
  return z.safeParse(schema.shape[member] as z.core.$ZodType, null).success;
}

const wrongTypes: [text: string][] = [
  ['1'],
  ['0'],
  ['-0'],
  ['1e400'],
  ['9007199254740993'],
  ['true'],
  ['null'],
  ['{}'],
  ['[]'],
  ['["a@b.example"]'],
];

describe.each(bodyRoutes)('the members of the body of %s', (key) => {
  test('refuses members that it does not know, and changes nothing (INP-07)', async () => {
    for (const [name, value] of casesFor(key, Object.entries(members), ['role', 'emailVerified', 'userId'])) {
      const answer = await sendWith(key, name, JSON.stringify(value));
      expect([answer.status, answer.json.code], name).toEqual([400, 'validation_failed']);
      expect(answer.json.errors, name).toContainEqual({
        pointer: `/${name}`,
        code: 'unknown_member',
        message: expect.any(String),
      });
      expect(answer.roundTrips, name).toBe(0);
    }
  });

  test.each(casesFor(key, wrongTypes, ['1', 'null', '[]']))(
    'converts nothing: %s is of no other type (INP-08)',
    async (text) => {
      for (const [member, value] of Object.entries(membersOf(key, account))) {
        if (typeof value === typeof JSON.parse(text)) continue;
        if (text === 'null' && (await isNullable(key, member))) {
          const taken = await sendWith(key, member, text, await insertAccountFor(client, key));
          expect(taken.status, member).not.toBe(400);
          continue;
        }
        const answer = await sendWith(key, member, text);
        expect([answer.status, answer.json.code], member).toEqual([400, 'validation_failed']);
        const codes = answer.json.errors
          .filter(({ pointer }: { pointer: string }) => pointer === `/${member}`)
          .map(({ code }: { code: string }) => code);
        expect(['wrong_type', 'invalid'], member).toContain(codes[0]);
        expect(answer.roundTrips).toBe(0);
      }
    },
  );

  test('bounds every text (INP-10)', async () => {
    for (const member of Object.keys(membersOf(key, account))) {
      const answer = await sendWith(key, member, `"${'a'.repeat(15_000)}"`);
      expect([answer.status, answer.json.code], member).toEqual([400, 'validation_failed']);
      expect(answer.json.errors[0].pointer, member).toBe(`/${member}`);
    }
  });

  test('never hands a NUL to the database, which cannot store one (INP-09)', async () => {
    for (const member of Object.keys(membersOf(key, account))) {
      for (const text of ['"a\\u0000b"', '"\\u0000"', '"a@b.example\\u0000"']) {
        const answer = await sendWith(key, member, text);
        // A logout ignores a token that nobody can have been given, and a login one that would say more of the device.
        expect(answer.status, `${member} ${answer.text}`).toBeLessThan(500);
        if (member !== 'trustedDeviceToken') expect(answer.roundTrips, member).toBe(0);
      }
    }
  });
});

const limit = 16_384;
const mebibyte = 1024 * 1024;

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

describe.each(bodyRoutes)('the size of the body of %s', (key) => {
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

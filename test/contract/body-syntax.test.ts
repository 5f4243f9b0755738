import { describe, expect, test } from 'vitest';
import { type Answer, TestClient } from '../support/client.ts';
import { insertAccount } from './insert-account.ts';
import { rawExample } from './raw-example.ts';
import { casesFor } from './route-choice.ts';
import { bodyRoutes, fullBody, membersOf } from './route-table.ts';

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

describe.each(bodyRoutes)('%s', (key) => {
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

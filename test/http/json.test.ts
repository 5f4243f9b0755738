import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AuthError } from '../../src/errors.ts';
import { parseJsonStrict } from '../../src/http/json.ts';
import { fastestMs } from './fastest-ms.ts';
import { refusal } from './refusal.ts';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const members = (count: number) => `{${Array.from({ length: count }, (_, n) => `"k${n}":0`).join()}}`;

describe('parseJsonStrict', () => {
  test.each<[row: string, text: string]>([
    ['INP-03 empty', ''],
    ['INP-03 blanks only', ' \n'],
    ['INP-03 trailing comma in an object', '{"a":1,}'],
    ['INP-03 trailing comma in an array', '[1,]'],
    ['INP-03 byte order mark', '\ufeff{}'],
    ['INP-03 NaN', '{"a":NaN}'],
    ['INP-03 comment', '{/* a */}'],
    ['INP-03 single quotes', "{'a':1}"],
    ['INP-03 second document', '{}{}'],
    ['INP-03 raw line break in a string', '"a\nb"'],
    ['INP-03 open string', '{"a":"b'],
    ['INP-04 duplicate', '{"email":"a@x","email":"b@x"}'],
    ['INP-04 duplicate that is written with an escape', '{"email":"a@x","\\u0065mail":"b@x"}'],
    ['INP-04 duplicate with an escaped slash', '{"a/b":1,"a\\/b":2}'],
    ['INP-04 duplicate of the empty name', '{"":1,"":2}'],
    ['INP-04 duplicate after a nested object', '{"a":{"a":1},"b":[{}],"a":2}'],
    ['INP-04 duplicate in a nested object', '[{"x":[{"a":1,"a":1}]}]'],
    ['INP-05 arrays 17 deep', nested(17)],
    ['INP-05 objects 17 deep', `${'{"a":'.repeat(17)}0${'}'.repeat(17)}`],
    ['INP-05 51 members', members(51)],
    ['INP-05 51 members in several objects', `[${members(30)},${members(21)}]`],
    ['INP-06 __proto__', '{"__proto__":{"role":"admin"}}'],
    ['INP-06 __proto__ that is written with an escape', '{"a":{"\\u005f_proto__":{}}}'],
    ['PWD-07 lone high surrogate', '{"password":"\\ud800"}'],
    ['PWD-07 lone low surrogate', '["\\udc00"]'],
    ['PWD-07 surrogates in the wrong order', '["\\udc00\\ud800"]'],
    ['PWD-07 lone surrogate in a name', '{"\\ud800":1}'],
    ['PWD-07 lone surrogate that is not escaped', '["\ud800"]'],
  ])('refuses as malformed_json: %s', (_row, text) => {
    expect(refusal(() => parseJsonStrict(text)).code).toBe('malformed_json');
  });

  test.each<[row: string, text: string]>([
    ['INP-03 scalars', '"x"'],
    ['INP-04 one name in two objects', '[{"a":1},{"a":{"a":1}}]'],
    ['INP-04 names that differ in case', '{"a":1,"A":2}'],
    ['INP-04 strings that equal a name', '{"a":"a","b":["a","a"]}'],
    ['INP-05 brackets and commas inside strings', `{"a":"${'[{,'.repeat(99)}\\"[","b":"\\\\"}`],
    ['INP-05 60 strings that are no names', `[${Array(60).fill('"__proto__"').join()}]`],
    ['INP-05 16 deep', nested(16)],
    ['INP-05 50 members', members(50)],
    ['INP-06 constructor and toString', '{"constructor":{"prototype":{}},"toString":1}'],
    ['PWD-07 a pair of surrogates that is written with escapes', '["\\ud83d\\ude00"]'],
    ['INP-09 NUL, which the schemas judge', '["a\\u0000b"]'],
  ])('reads as JSON.parse does: %s', (_row, text) => {
    expect(parseJsonStrict(text)).toEqual(JSON.parse(text));
  });

  test('INP-06: constructor and toString are plain members', () => {
    const value = parseJsonStrict('{"constructor":1,"toString":2}');
    expect(Object.entries(value as object)).toEqual([
      ['constructor', 1],
      ['toString', 2],
    ]);
  });

  test.each<[row: string, text: string]>([
    ['8192 arrays in 16 KiB', nested(8192)],
    ['arrays that are not closed', '['.repeat(16_384)],
    ['many strings', `["${'","'.repeat(5_000)}"]`],
    ['one string of escapes', `"${'\\u0041'.repeat(2_700)}"`],
    ['one string of escapes with an open end', `"${'\\\\'.repeat(8_000)}\\"`],
    ['blanks', ' '.repeat(16_384)],
  ])('INP-05: takes under 100 ms for %s', async (_name, text) => {
    expect(await fastestMs(() => parseJsonStrict(text))).toBeLessThan(100);
  });

  test('LOG-02: no refusal repeats any part of the text', () => {
    const canary = 'hunter2-canary';
    const texts = [
      `{"password":"${canary}"`,
      canary,
      `{"${canary}":1,"${canary}":2}`,
      `["${canary}\\ud800"]`,
      `{"a":"${canary}",}`,
    ];
    for (const text of texts) {
      const error = refusal(() => parseJsonStrict(text));
      expect(JSON.stringify([error.options, error.message, error.stack])).not.toContain('hunter2');
    }
  });

  test('agrees with JSON.parse on every document within the limits', () => {
    const documents = fc.json({ maxDepth: 4, depthSize: 'medium' });
    fc.assert(
      fc.property(documents, (text) => {
        const keys = [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*:/g)].map(([key]) => key);
        fc.pre(keys.length <= 50 && keys.every((key) => !key.includes('__proto__')));
        expect(parseJsonStrict(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test('refuses an object exactly when one of its names comes twice', () => {
    const name = fc.oneof(
      fc.constantFrom('a', 'b', '"', '\\', 'é'),
      fc.string({ unit: 'grapheme', maxLength: 2 }),
    );
    const escapeAll = (key: string) =>
      `"${Array.from({ length: key.length }, (_, n) => `\\u${key.charCodeAt(n).toString(16).padStart(4, '0')}`).join('')}"`;
    const spelling = fc.constantFrom(JSON.stringify, escapeAll);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, spelling), { maxLength: 6 }), (pairs) => {
        const text = `{${pairs.map(([key, spell]) => `${spell(key)}:[{}]`).join()}}`;
        const isUnique = new Set(pairs.map(([key]) => key)).size === pairs.length;
        if (isUnique) expect(parseJsonStrict(text)).toEqual(JSON.parse(text));
        else expect(refusal(() => parseJsonStrict(text)).code).toBe('malformed_json');
      }),
    );
  });

  test('throws nothing but AuthError, whatever the text', () => {
    const jsonLike = fc.string({
      unit: fc.constantFrom(...'{}[]:,"\\u0d8e1-. tn\u2028\ud800'),
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.oneof(jsonLike, fc.string({ unit: 'binary' })), (text) => {
        try {
          parseJsonStrict(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AuthError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

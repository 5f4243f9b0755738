import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { validate } from '../../src/http/validate.ts';
import { refusal } from './refusal.ts';

const Body = z
  .strictObject({
    email: z.string().check(z.minLength(3), z.maxLength(20)),
    remember: z.optional(z.boolean()),
    transport: z.optional(z.enum(['cookie', 'body'])),
    days: z.optional(z.int().check(z.gte(1), z.lte(30))),
    scopes: z.optional(z.array(z.string()).check(z.maxLength(2))),
    address: z.optional(z.strictObject({ 'a/b~c': z.string() })),
    confirm: z.optional(z.string()),
    id: z.optional(z.guid('This must be a UUID.')),
  })
  .check(
    z.refine(({ email, confirm }) => confirm === undefined || confirm === email, {
      path: ['confirm'],
      params: { code: 'mismatch' },
      error: 'The two addresses differ.',
    }),
  );

const faults = (value: unknown, schema: z.core.$ZodType = Body) =>
  refusal(() => validate(schema, value)).options.errors?.map(({ pointer, code }) => `${pointer} ${code}`);

describe('validate', () => {
  test('returns what the schema makes of the value', () => {
    const schema = z.strictObject({ email: z.string().check(z.trim()) });
    const { email }: { email: string } = validate(schema, { email: ' a@x ' });
    expect(email).toBe('a@x');
  });

  test.each<[row: string, value: unknown, expected: string[]]>([
    ['INP-03 null', null, [' wrong_type']],
    ['INP-03 array', [], [' wrong_type']],
    ['INP-03 string', 'x', [' wrong_type']],
    ['INP-03 number', 123, [' wrong_type']],
    ['INP-03 nothing', undefined, [' required']],
    ['INP-08 missing', {}, ['/email required']],
    ['INP-08 null for a member', { email: null }, ['/email wrong_type']],
    ['INP-08 number for text', { email: 1 }, ['/email wrong_type']],
    ['INP-08 object for text', { email: {} }, ['/email wrong_type']],
    ['INP-08 true for text', { email: true }, ['/email wrong_type']],
    ['INP-08 list for text', { email: ['a@x'] }, ['/email wrong_type']],
    ['INP-08 text for a boolean', { email: 'a@x', remember: 'false' }, ['/remember wrong_type']],
    ['INP-08 fraction for a whole number', { email: 'a@x', days: 1.5 }, ['/days wrong_type']],
    ['INP-08 1e400', { email: 'a@x', days: JSON.parse('1e400') }, ['/days wrong_type']],
    [
      'INP-08 2^53+1',
      { email: 'a@x', days: JSON.parse('9007199254740993') },
      ['/days invalid', '/days invalid'],
    ],
    ['INP-10 too short', { email: 'a' }, ['/email too_short']],
    ['INP-10 too long', { email: 'a'.repeat(20_480) }, ['/email too_long']],
    ['INP-10 list too long', { email: 'a@x', scopes: ['a', 'b', 'c'] }, ['/scopes too_long']],
    ['inside a list', { email: 'a@x', scopes: ['a', 2] }, ['/scopes/1 wrong_type']],
    ['below and above', { email: 'a@x', days: 0 }, ['/days invalid']],
    ['not one of', { email: 'a@x', transport: 'pigeon' }, ['/transport invalid']],
    ['mismatch', { email: 'a@x', confirm: 'a@y' }, ['/confirm mismatch']],
    [
      'INP-07 unknown',
      { email: 'a@x', role: 'admin', isAdmin: true },
      ['/role unknown_member', '/isAdmin unknown_member'],
    ],
    ['INP-06 constructor', { email: 'a@x', constructor: { prototype: {} } }, ['/constructor unknown_member']],
    ['INP-06 toString', JSON.parse('{"email":"a@x","toString":1}'), ['/toString unknown_member']],
    ['INP-06 __proto__', JSON.parse('{"email":"a@x","__proto__":{"role":1}}'), ['/__proto__ unknown_member']],
    [
      'every fault at once',
      { email: 1, remember: 2, x: 3 },
      ['/email wrong_type', '/remember wrong_type', '/x unknown_member'],
    ],
    ['RFC 6901 escapes, missing', { email: 'a@x', address: {} }, ['/address/a~1b~0c required']],
    [
      'RFC 6901 escapes, unknown',
      { email: 'a@x', '~1/': 1, '': 2 },
      ['/~01~1 unknown_member', '/ unknown_member'],
    ],
    ['nested unknown', { email: 'a@x', address: { 'a/b~c': '', z: 1 } }, ['/address/z unknown_member']],
  ])('points at the member and names the fault: %s', (_row, value, expected) => {
    expect(faults(value)).toEqual(expected);
  });

  test('a missing discriminator is required, a wrong one invalid', () => {
    const schema = z.discriminatedUnion('method', [
      z.strictObject({ method: z.literal('totp') }),
      z.strictObject({ method: z.literal('recovery') }),
    ]);
    expect(faults({}, schema)).toEqual(['/method required']);
    expect(faults({ method: 'x' }, schema)).toEqual(['/method invalid']);
  });

  test('tells at most 20 faults', () => {
    expect(faults(Object.fromEntries(Array.from({ length: 40 }, (_, n) => [n, n])))).toHaveLength(20);
  });

  test.each<[name: string, value: unknown, message: string]>([
    ['missing', {}, 'This is required.'],
    ['wrong type', { email: 1 }, 'This must be text.'],
    ['wrong type of the whole', [], 'This must be an object.'],
    ['too short', { email: 'a' }, 'Use at least 3 characters.'],
    ['too long', { email: 'a'.repeat(21) }, 'Use at most 20 characters.'],
    ['options', { email: 'a@x', transport: 'pigeon' }, 'This must be one of: cookie, body.'],
    ['bounds', { email: 'a@x', days: 31 }, 'This must not be above 30.'],
    ['a sentence of the schema', { email: 'a@x', confirm: 'b' }, 'The two addresses differ.'],
    ['a sentence of the schema for a format', { email: 'a@x', id: 'x' }, 'This must be a UUID.'],
  ])('says what to do: %s', (_name, value, message) => {
    expect(refusal(() => validate(Body, value)).options.errors?.[0]?.message).toBe(message);
  });

  test('says that a missing member is missing, whatever the schema says about its form', () => {
    const schema = z.strictObject({ id: z.guid('This must be a UUID.') });
    const { errors } = refusal(() => validate(schema, {})).options;
    expect(errors).toEqual([{ pointer: '/id', code: 'required', message: 'This is required.' }]);
  });

  test('LOG-02: no sentence repeats a value', () => {
    const canary = 'hunter2-canary-that-is-longer-than-twenty';
    const { errors, internal } = refusal(() =>
      validate(Body, {
        email: canary,
        remember: canary,
        transport: canary,
        days: canary,
        id: canary,
        scopes: canary,
      }),
    ).options;
    expect(errors).toHaveLength(6);
    expect(JSON.stringify([errors, internal])).not.toContain('hunter2');
  });
});

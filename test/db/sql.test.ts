import { describe, expect, test } from 'vitest';
import { compile, Fragment, identifier, join, sql } from '../../src/db/sql.ts';

describe('sql', () => {
  test('turns every value into a parameter and none into text', () => {
    const evil = "'; DROP TABLE users; --";
    const { text, params } = compile(
      sql`SELECT ${evil}::text, ${1}, ${null}, ${undefined}, ${[1, 2]}, ${true}`,
    );
    expect(text).toBe('SELECT $1::text, $2, $3, $4, $5, $6');
    expect(params).toEqual([evil, 1, null, undefined, [1, 2], true]);
  });

  test('splices fragments in and numbers all parameters from the left', () => {
    const inner = sql`b = ${2} AND c = ${3}`;
    const outer = sql`WHERE a = ${1} AND (${inner}) AND d = ${4}`;
    expect(compile(outer)).toEqual({
      text: 'WHERE a = $1 AND (b = $2 AND c = $3) AND d = $4',
      params: [1, 2, 3, 4],
    });
  });

  test('splices fragments at the edges, next to each other, and without parameters', () => {
    const a = sql`a`;
    expect(compile(sql`${a}`)).toEqual({ text: 'a', params: [] });
    expect(compile(sql`${a}${sql`${1}`}${a}`)).toEqual({ text: 'a$1a', params: [1] });
    expect(compile(sql``)).toEqual({ text: '', params: [] });
  });

  test('reads the escapes of JavaScript: a backslash for PostgreSQL is written twice', () => {
    expect(compile(sql`SELECT '\u0041', '\\d'`).text).toBe("SELECT 'A', '\\d'");
  });

  test('takes what only looks like a fragment for a value', () => {
    const lookalike = { texts: ['; DROP TABLE users'], values: [] };
    expect(compile(sql`SELECT ${lookalike}`)).toEqual({ text: 'SELECT $1', params: [lookalike] });
  });

  test('builds something inert: no promise, and the same text however often it is compiled (SQL-03)', async () => {
    const fragment = sql`SELECT ${1}`;
    expect('then' in fragment).toBe(false);
    expect(await Promise.resolve(fragment)).toBe(fragment);
    expect(compile(fragment)).toEqual(compile(fragment));
    sql`SELECT ${fragment}, ${fragment}`;
    expect(fragment).toEqual(new Fragment(['SELECT ', ''], [1]));
  });

  test('hands out parameters that nobody shares', () => {
    const fragment = sql`SELECT ${1}`;
    compile(fragment).params.push(2);
    expect(compile(fragment).params).toEqual([1]);
  });

  test('goes past $9 without a mix-up', () => {
    const many = join(
      Array.from({ length: 12 }, (_, index) => sql`${index + 1}`),
      ', ',
    );
    expect(compile(many)).toEqual({
      text: '$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12',
      params: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    });
  });
});

describe('join', () => {
  test('puts the separator between fragments only', () => {
    expect(compile(join([], ', '))).toEqual({ text: '', params: [] });
    expect(compile(join([sql`${1}`], ', '))).toEqual({ text: '$1', params: [1] });
    expect(compile(join([sql`a`, sql`${1}`, sql`b`], ' AND '))).toEqual({
      text: 'a AND $1 AND b',
      params: [1],
    });
  });
});

describe('identifier', () => {
  test.each(['users', 'a', 'opened_effect_0', 'x'.repeat(63)])('takes the plain name %s', (name) => {
    expect(compile(identifier(name))).toEqual({ text: name, params: [] });
  });

  test.each([
    '',
    'Users',
    '1a',
    '_a',
    'a b',
    'a;b',
    'a"b',
    "a'b",
    'a.b',
    'a-b',
    'a--',
    'a\n',
    'ä',
    'a\0',
    'x'.repeat(64),
  ])('refuses %j', (name) => {
    expect(() => identifier(name)).toThrow(TypeError);
  });
});

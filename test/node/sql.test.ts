import { describe, expect, test } from 'vitest';
import { findNames, readSources } from '../../tools/sql/statement-names.ts';
import { collapse, indent, render } from '../../tools/sql/statement-text.ts';

describe('the queries and batches of the service', () => {
  const sources = readSources();

  test('have each a name of its own, in kebab-case, of two words or more', () => {
    const names = findNames(sources).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !/^[a-z]+(?:-[a-z]+)+$/.test(name))).toEqual([]);
    // The names of what tests ask for themselves.
    expect(names.filter((name) => name.startsWith('test'))).toEqual([]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('have their names where they are called, or are called by a function that is given it', () => {
    const calls = sources.flatMap(([path, text]) =>
      [...text.matchAll(/\bdb\s*\.(?:query|batch)\b(?:<[^(]*>)?\(\s*([^\s,]*)/g)].map(([, first = '']) => ({
        path,
        first,
      })),
    );
    expect(calls.length).toBeGreaterThan(40);
    expect(calls.filter(({ first }) => !/^'[a-z-]+'$|^name$/.test(first))).toEqual([]);
  });
});

const nested = `
      WITH held AS MATERIALIZED (
          SELECT u.id FROM users u -- not (this
      WHERE u.name = '--)' AND u.id = $1::uuid
      )
      SELECT count(*)::int,
        2 FROM held`;

describe('`npm run sql`', () => {
  test('takes two texts for one statement however they are broken and indented, whatever their comments say', () => {
    expect(collapse(nested)).toBe(
      "WITH held AS MATERIALIZED ( SELECT u.id FROM users u WHERE u.name = '--)' AND u.id = $1::uuid ) SELECT count(*)::int, 2 FROM held",
    );
    expect(collapse(indent(nested))).toBe(collapse(nested));
  });

  test('prints each shape once, and a step that comes again by the shape where it came first', () => {
    const hold = { step: 'holdUser', text: 'SELECT 1\n  FOR UPDATE' };
    const change = { step: 'change', text: 'UPDATE users SET id = (\n SELECT 2\n)' };
    const steps = [[hold, change], [hold], [{ ...hold, text: 'SELECT 1 FOR UPDATE' }]];
    expect(
      render(
        'move-x',
        steps.map((shape) => ({ name: 'move-x', steps: shape })),
      ),
    ).toBe(`-- move-x

-- shape 1 of 2

-- step holdUser
SELECT 1
FOR UPDATE;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step change
UPDATE users SET id = (
  SELECT 2
);
`);
  });
});

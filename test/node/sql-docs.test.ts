import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { projectFolder } from '../../tools/project.ts';
import { readFolder, readSources } from '../../tools/sql-docs/read-files.ts';
import {
  largeStatements,
  parseSizeList,
  shrinkSizeList,
  sizeLimits,
} from '../../tools/sql-docs/size-list.ts';
import {
  keyOf,
  mergeShapes,
  parseSqlFile,
  renderSqlFile,
  type Shape,
  type SqlFile,
  shapesByName,
} from '../../tools/sql-docs/sql-file.ts';
import { collapse, indent, sizeOf } from '../../tools/sql-docs/sql-text.ts';
import {
  findNames,
  headingOf,
  type NamedStatement,
  namesWithoutFile,
} from '../../tools/sql-docs/statement-names.ts';

describe('the queries and batches of the service', () => {
  let sources: readonly (readonly [path: string, text: string])[];
  let statements: readonly NamedStatement[];
  beforeAll(async () => {
    sources = await readSources();
    statements = findNames(sources);
  });

  test('have each a name of its own, in kebab-case', () => {
    const names = statements.map(({ name }) => name);
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

  test('are found by the calls and by the functions that pass a name on', () => {
    const text = `
      /**
       * Bans a user. A second
       * sentence.
       */
      export async function ban(db: Database) {
        await db.query<{ x: number }>('find-x', sql\`\`);
        await db.batch(
          'ban-user',
          steps);
        return change(db, 'lift-ban', 1);
      }`;
    const found = findNames([['src/x.ts', text]]);
    expect(found.map(({ name }) => name)).toEqual(['find-x', 'ban-user', 'lift-ban']);
    expect(headingOf(found[0]!)).toEqual(['Bans a user.', 'src/x.ts']);
  });
});

describe('docs/sql', () => {
  let statements: readonly NamedStatement[];
  let texts: ReadonlyMap<string, string>;
  let files: ReadonlyMap<string, SqlFile>;
  let page: string;
  let sources: readonly (readonly [path: string, text: string])[];
  let jointSteps: readonly string[];
  beforeAll(async () => {
    sources = await readSources();
    statements = findNames(sources);
    jointSteps = findJointSteps(sources);
    texts = await readFolder();
    files = new Map([...texts].map(([name, text]) => [name, parseSqlFile(text)]));
    page = await readFile(`${projectFolder}docs/sql/README.md`, 'utf8');
  });

  test('has a file for each query and batch, and no other', () => {
    const names = statements.map(({ name }) => name).filter((name) => !namesWithoutFile.includes(name));
    expect([...texts.keys()].toSorted()).toEqual(names.toSorted());
  });

  test('is written by `npm run sql-docs`, never by hand', () => {
    expect(texts.size).toBeGreaterThan(40);
    for (const [name, text] of texts) {
      const { shapes } = files.get(name)!;
      expect(renderSqlFile({ ...files.get(name)!, shapes: mergeShapes(shapes, shapes) }), name).toBe(text);
    }
  });

  test('says at the head of each file what the statement does and where it is made', () => {
    const told = statements.filter(({ name }) => files.has(name));
    expect(told.map(({ name }) => [name, files.get(name)?.heading])).toEqual(
      told.map((statement) => [statement.name, headingOf(statement)]),
    );
  });

  test('has no statement over 8 CTEs or 2500 characters but those of the list, whose sizes are exact', () => {
    expect(sizeLimits).toEqual({ ctes: 8, characters: 2500 });
    const listed = parseSizeList(page);
    const sizes = [...listed].map(([key, { ctes, characters }]) => [key, { ctes, characters }]);
    expect(Object.fromEntries(sizes)).toEqual(Object.fromEntries(largeStatements(files)));
    expect([...listed].filter(([, { reason }]) => !/^\w.{15,}\.$/.test(reason))).toEqual([]);
    expect(shrinkSizeList(page, largeStatements(files))).toBe(page);
  });

  test('has no batch of more than 10 steps, those that a joint adds counted as one', () => {
    const steps = [...files].map(([name, { shapes }]) => [
      name,
      Math.max(...shapes.map((shape) => countSteps(shape, jointSteps))),
    ]);
    expect(steps.filter(([, count]) => Number(count) > stepsMax)).toEqual([]);
    expect(steps.filter(([, count]) => Number(count) > 1).length).toBeGreaterThan(10);
  });

  test('has the steps of joints in some batch, each with a name of its own', () => {
    expect(jointSteps).toEqual(expect.arrayContaining(['endSessions', 'endLinks', 'forgetMails']));
    // Not so many that all the rest of a batch would count as one.
    expect(jointSteps.length).toBeLessThan(20);
    expect(new Set(jointSteps).size).toBe(jointSteps.length);
    const steps = [...files.values()].flatMap(({ shapes }) => shapes.flat().map(({ step }) => step));
    expect(jointSteps.filter((step) => !steps.includes(step))).toEqual([]);
    const elsewhere = sources.filter(([path, text]) => !jointSources.test(path) && namedStep.test(text));
    expect(elsewhere.map(([path]) => path)).toEqual([]);
  });

  test('counts what a batch does itself, step by step', () => {
    const own = Array.from({ length: 9 }, (_, n) => ({ step: `own${n}`, text: 'SELECT 1' }));
    const joint = jointSteps.map((step) => ({ step, text: 'SELECT 1' }));
    expect(countSteps(own, jointSteps)).toBe(9);
    expect(countSteps([...own, ...joint], jointSteps)).toBe(10);
    expect(countSteps([...own, ...own.slice(0, 1), ...joint], jointSteps)).toBe(11);
  });
});

const stepsMax = 10;

const namedStep = /\bstep: '(\w+)'/;

/** Where a manifest, or what it takes from its closing, names the steps that a joint adds to batches of others. */
const jointSources =
  /^src\/(?:features\/[\w-]+\/(?:feature|closing\/\w+)|mail\/outbox|rate-limit\/attempts-table)\.ts$/;

function findJointSteps(sources: readonly (readonly [path: string, text: string])[]): string[] {
  return sources
    .filter(([path]) => jointSources.test(path))
    .flatMap(([, text]) => {
      const steps = [...text.matchAll(new RegExp(namedStep, 'g'))].map(([, step = '']) => step);
      // A table may say the same step for a deletion and for a take-over, which are never in one batch.
      return [...new Set(steps)];
    });
}

/** A batch has no say in how many steps a joint adds: each further feature may bring one. */
function countSteps(shape: Shape, jointSteps: readonly string[]): number {
  const own = shape.filter(({ step }) => !jointSteps.includes(step)).length;
  return own + (own < shape.length ? 1 : 0);
}

const nested = `
      WITH held AS MATERIALIZED (
          SELECT u.id FROM users u -- not (this
      WHERE u.name = '--)' AND u.id = $1::uuid
      ), changed AS (UPDATE users u
        SET name = $2 FROM held h RETURNING u.id)
      SELECT count(*)::int,
        2 FROM changed`;

describe('the text of a statement', () => {
  test('is the same statement however it is broken and indented, and whatever its comments say', () => {
    expect(collapse(nested)).toBe(
      "WITH held AS MATERIALIZED ( SELECT u.id FROM users u WHERE u.name = '--)' AND u.id = $1::uuid ), " +
        'changed AS (UPDATE users u SET name = $2 FROM held h RETURNING u.id) SELECT count(*)::int, 2 FROM changed',
    );
    expect(collapse(indent(nested))).toBe(collapse(nested));
  });

  test('is indented by what is open, each CTE in a line of its own', () => {
    expect(indent(nested)).toBe(`WITH held AS MATERIALIZED (
  SELECT u.id FROM users u -- not (this
  WHERE u.name = '--)' AND u.id = $1::uuid
),
changed AS (UPDATE users u
  SET name = $2 FROM held h RETURNING u.id)
SELECT count(*)::int,
  2 FROM changed`);
    expect(indent(indent(nested))).toBe(indent(nested));
  });

  test('is measured in CTEs, those inside others included, and in characters', () => {
    expect(sizeOf(nested)).toEqual({ ctes: 2, characters: collapse(nested).length });
    expect(
      sizeOf('WITH a AS (WITH b AS NOT MATERIALIZED ( SELECT 1) SELECT 2), c AS ((SELECT 3)) SELECT 4').ctes,
    ).toBe(3);
    expect(
      sizeOf('SELECT x AS y, cast(z AS int), sum(q) OVER w FROM f(1) AS (a int) WINDOW w AS (ORDER BY q)')
        .ctes,
    ).toBe(0);
  });
});

const holdUser = { step: 'holdUser', text: 'SELECT 1\nFOR UPDATE' };
const change = { step: 'change', text: 'UPDATE users\nSET name = $1' };
const told = { step: 'told', text: 'INSERT INTO mail_outbox' };

describe('a file of docs/sql', () => {
  test('is read as it was written, a step that comes again with the text of the shape where it came first', () => {
    const shapes = [
      [holdUser, change],
      [holdUser, change, told],
    ];
    const text = renderSqlFile({ heading: ['Changes.', 'src/x.ts'], shapes });
    expect(text).toBe(`-- Changes.
-- src/x.ts

-- shape 1 of 2

-- step holdUser
SELECT 1
FOR UPDATE;

-- step change
UPDATE users
SET name = $1;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step change: as in shape 1

-- step told
INSERT INTO mail_outbox;
`);
    const read = parseSqlFile(text);
    expect(read.heading).toEqual(['Changes.', 'src/x.ts']);
    expect(read.shapes.map(keyOf)).toEqual(shapes.map(keyOf));
    const query = [[{ step: '', text: 'SELECT 1' }]];
    expect(parseSqlFile(renderSqlFile({ heading: ['x'], shapes: query })).shapes).toEqual(query);
  });

  test('has each shape once, in an order that is that of no run', () => {
    const other = { ...change, text: 'UPDATE users SET   name = $1' };
    const runs: Shape[][] = [
      [[change, told], [change], [other]],
      [[other], [change, told], [change]],
    ];
    const [one, two] = runs.map((shapes) =>
      shapesByName(shapes.map((steps) => ({ name: 'x', steps }))).get('x'),
    );
    expect(one).toEqual(two);
    expect(one?.map((shape) => shape.length)).toEqual([1, 2]);
  });

  test('differs by a changed word, a changed step and the order of steps', () => {
    const before = keyOf([holdUser, change]);
    expect(keyOf([holdUser, { ...change, text: 'UPDATE users SET name = $2' }])).not.toBe(before);
    expect(keyOf([holdUser, { ...change, step: 'told' }])).not.toBe(before);
    expect(keyOf([change, holdUser])).not.toBe(before);
  });

  test('keeps after a part of the suite what that part did not compile, unless the statement has changed', () => {
    const keys = (shapes: readonly Shape[]) => shapes.map(keyOf).toSorted();
    const written = [[change], [change, told]];
    expect(keys(mergeShapes(written, [[change]]))).toEqual(keys(written));
    expect(keys(mergeShapes(written, [[change], [holdUser]]))).toEqual(keys([...written, [holdUser]]));
    expect(keys(mergeShapes(written, [[holdUser]]))).toEqual(keys([[holdUser]]));
    expect(keys(mergeShapes(written, []))).toEqual(keys(written));
  });
});

describe('the list of large statements', () => {
  const page = ['| `find-x` | 9 | 3000 | Why. |', '| `move-x change` | 10 | 2000 | Why. |', 'Text.'].join(
    '\n',
  );

  test('is lowered with a statement that has become smaller, and never raised', () => {
    const large = new Map([['find-x', { ctes: 8, characters: 3001 }]]);
    expect(shrinkSizeList(page, large)).toBe('| `find-x` | 8 | 3000 | Why. |\nText.');
  });

  test('is about the largest shape of a statement or step', () => {
    const text = (length: number) => 'x'.repeat(length);
    const shapes = [
      [{ step: 'change', text: text(2501) }],
      [{ step: 'change', text: text(2600) }, { ...holdUser }],
    ];
    const files = new Map([
      ['move-x', { heading: [], shapes }],
      ['find-x', { heading: [], shapes: [[{ step: '', text: text(2500) }]] }],
    ]);
    expect(largeStatements(files)).toEqual(new Map([['move-x change', { ctes: 0, characters: 2600 }]]));
  });
});

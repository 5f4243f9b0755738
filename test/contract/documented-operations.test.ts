import { describe, expect, test } from 'vitest';
import { codeIn, section, tableRows } from './documents.ts';
import { declaredCodes } from './problem-codes.ts';
import { sources } from './sources.ts';

const rows = tableRows('docs/operations.md', '## The log');
const levels = ['info', 'warn', 'error'];

/** A call of `log`: its level, or two of which a condition chooses, and its event. */
const logCall = /\blog\(\s*(?:\w+ \? '(info|warn|error)' : )?'(info|warn|error)',\s*(?:'([a-z_]+)'|code)/g;

/** `event level` for every line that the source can write. */
function loggedEvents(): string[] {
  const calls = Object.values(sources).flatMap((text) => [...text.matchAll(logCall)]);
  const failures = declaredCodes().flatMap((code) => (/ 5\d\d$/.test(code) ? [code.split(' ')[0]] : []));
  const events = calls.flatMap(([, other, level, event]) =>
    (event === undefined ? failures : [event]).flatMap((name) =>
      [other, level].flatMap((each) => (each === undefined ? [] : [`${name} ${each}`])),
    ),
  );
  return [...new Set(events)].toSorted();
}

/** Calls of `log` in code, whatever their arguments are like. */
function countCalls(): number {
  const lines = Object.values(sources).flatMap((text) => text.split('\n'));
  return lines.filter((line) => /(?<!function )(?<![.\w])log\(/.test(line) && !/^\s*(\*|\/\/)/.test(line))
    .length;
}

describe('docs/operations.md', () => {
  test('has one row for every line of the log with each of its levels, and for no other', () => {
    const told = rows.flatMap(([event, level]) =>
      levels.includes(level ?? '') ? [`${codeIn(event!)[0]} ${level}`] : [],
    );
    expect(told.toSorted()).toEqual(loggedEvents());
  });

  test('is compared with every call of `log`', () => {
    const understood = Object.values(sources).flatMap((text) => [...text.matchAll(logCall)]);
    expect(understood).toHaveLength(countCalls());
  });

  test('has one row for every type of security event, with its fixed reasons', () => {
    const recorded = new Map<string, Set<string>>();
    const add = (type: string, reason?: string) =>
      recorded.set(type, (recorded.get(type) ?? new Set()).add(reason ?? '-'));
    for (const text of Object.values(sources)) {
      const kinds = text.matchAll(/\btype: '([a-z_]+)',\s*outcome: '(?:success|failure)'([^}]*)\}/g);
      for (const [, type, rest] of kinds) add(type!, /reason: '([a-z_]+)'/.exec(rest!)?.[1]);
    }
    // Of a check of the current password: the flow says which, and the query the rest.
    for (const text of Object.values(sources))
      for (const [, type] of text.matchAll(/refusalType(?:: | = )'([a-z_]+)'/g)) add(type!);

    const told = new Map(
      tableRows('docs/operations.md', '## What people see: security events')
        .slice(2)
        .map(([type, reasons]) => [codeIn(type!)[0]!, codeIn(reasons!)]),
    );
    expect([...told.keys()].toSorted()).toEqual([...recorded.keys()].toSorted());
    for (const [type, reasons] of recorded)
      expect(told.get(type), type).toEqual(
        expect.arrayContaining([...reasons].filter((reason) => reason !== '-')),
      );
    // A reason that no file of the source says is none.
    const text = Object.values(sources).join('\n');
    for (const reason of [...told.values()].flat()) expect(text, reason).toContain(`'${reason}'`);
  });

  test('names every kind of rows that the clean-up deals with', () => {
    const names = Object.values(sources).flatMap((text) =>
      [...text.matchAll(/\brows: '([a-z_.]+)'/g)].map((match) => match[1]!),
    );
    expect(names.length).toBeGreaterThan(5);
    const cron = codeIn(section('docs/operations.md', '## Cron'));
    expect(
      new Set(cron.filter((code) => /^[a-z_]+(\.[a-z_]+)?$/.test(code) && !code.endsWith('.toml'))),
    ).toEqual(new Set(names));
  });
});

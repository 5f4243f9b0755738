import { describe, expect, test } from 'vitest';
import { eventReasons } from '../../src/joints/event-types.ts';
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

  test('has one row for every type of security event, with all of its reasons', () => {
    const told = tableRows('docs/operations.md', '## What people see: security events').slice(2);
    expect(
      Object.fromEntries(told.map(([type, reasons]) => [codeIn(type!)[0], codeIn(reasons!).toSorted()])),
    ).toEqual(
      Object.fromEntries(
        Object.entries(eventReasons).map(([type, reasons]) => [type, [...reasons].toSorted()]),
      ),
    );
  });

  test('tells of no type and no reason that nothing records', () => {
    const { 'src/joints/event-types.ts': declared, ...others } = sources;
    expect(declared).toBeDefined();
    const recording = Object.entries(others).flatMap(([path, text]) =>
      path.startsWith('src/languages/') ? [] : [text],
    );
    const text = recording.join('\n');
    for (const name of Object.entries(eventReasons).flat(2)) expect(text, name).toContain(`'${name}'`);
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

import { describe, expect, test } from 'vitest';
import { type PlantedFault, plant } from '../../tools/faults/planted-fault.ts';
import type { TestOutcome } from '../../tools/faults/read-report.ts';
import { type JsonReport, readReport } from '../../tools/faults/read-report.ts';
import { selectFaults } from '../../tools/faults/select-faults.ts';
import { judgeTrial } from '../../tools/faults/try-faults.ts';

describe('a fault', () => {
  const fault: PlantedFault = {
    id: 'flipped',
    guarantees: ['SES-08'],
    breaks: 'It is flipped.',
    file: 'src/x.ts',
    find: 'a < b',
    replace: "a > b && '$&'",
    tests: ['test/x.test.ts'],
  };

  test('is planted as it is written', () => {
    expect(plant(fault, 'if (a < b) return;')).toBe("if (a > b && '$&') return;");
  });

  test.each(['if (a <= b) return;', 'a < b || a < b'])(
    'is refused where its place is not one: %s',
    (source) => {
      expect(() => plant(fault, source)).toThrow('flipped: its text occurs');
    },
  );
});

describe('a selection of faults', () => {
  const list = [
    named('mail-twice', 'EML-12', 'DBF-16'),
    named('mail-late', 'DBF-16'),
    named('flipped', 'SES-08'),
  ];

  test.each([
    ['an id', ['flipped'], ['flipped']],
    ['a guarantee', ['DBF-16'], ['mail-twice', 'mail-late']],
    ['a pattern', ['mail-*', 'EML-*'], ['mail-twice', 'mail-late']],
    ['nothing', [], ['mail-twice', 'mail-late', 'flipped']],
  ])('is made by %s', (_name, patterns, ids) => {
    const { faults, unknown } = selectFaults(list, patterns);
    expect([faults.map(({ id }) => id), unknown]).toEqual([ids, []]);
  });

  test('tells of every pattern that names none, beside others that do', () => {
    const { unknown } = selectFaults(list, ['flipped', 'mail', '[', 'f.ipped', 'SES-*', 'T*']);
    expect(unknown).toEqual(['mail', '[', 'f.ipped', 'T*']);
  });

  function named(id: string, ...guarantees: PlantedFault['guarantees']): PlantedFault {
    return { id, guarantees, breaks: '', file: '', find: '', replace: '', tests: [] };
  }
});

describe('a trial of a fault', () => {
  const file = 'test/x.test.ts';
  const failed: TestOutcome = { kind: 'failed', file, by: `${file}: fails`, message: 'Error: no' };
  const passed: TestOutcome = { kind: 'passed', count: 3 };

  async function judge(withFault: TestOutcome, without: TestOutcome) {
    const asked: string[] = [];
    const verdict = await judgeTrial(
      async () => withFault,
      async (path) => {
        asked.push(path);
        return without;
      },
    );
    return { ...verdict, asked };
  }

  test('kills it by a test that passes without it', async () => {
    expect(await judge(failed, passed)).toEqual({
      ...{ outcome: 'killed', by: `${file}: fails`, message: 'Error: no', asked: [file] },
    });
  });

  test.each<TestOutcome>([failed, { kind: 'timeout' }])(
    'says nothing where the same file is not green without it',
    async (without) => {
      expect(await judge(failed, without)).toMatchObject({ outcome: 'error', asked: [file] });
    },
  );

  test('is survived where every test passes', async () => {
    expect(await judge(passed, failed)).toMatchObject({ outcome: 'survived', asked: [] });
  });
});

describe('the report of a run', () => {
  const passed = { status: 'passed', fullName: 'passes' };
  const failed = { status: 'failed', fullName: 'fails', failureMessages: ['Error: no\n  at x'] };
  const skipped = { status: 'skipped', fullName: 'is skipped' };

  test('names the first test that failed, with what it said', () => {
    const files = [file('a', 'failed', []), file('b', 'failed', [passed, failed, skipped])];
    expect(outcomeOf(false, files)).toEqual({
      kind: 'failed',
      file: 'test/b.test.ts',
      by: 'test/b.test.ts: fails',
      message: 'Error: no',
    });
  });

  test('names a file that did not load', () => {
    const broken = { ...file('a', 'failed', []), message: 'cannot be read' };
    const path = 'test/a.test.ts';
    const expected = { kind: 'failed', file: path, by: `${path}: as a whole`, message: 'cannot be read' };
    expect(outcomeOf(false, [broken])).toEqual(expected);
  });

  test('counts the tests that passed', () => {
    expect(outcomeOf(true, [file('a', 'passed', [passed, skipped])])).toEqual({ kind: 'passed', count: 1 });
  });

  test.each([
    ['nothing ran', [file('a', 'passed', [skipped])]],
    ['the run failed and no test did', [file('a', 'passed', [passed])]],
    ['a file failed and says nothing', [file('a', 'passed', [passed]), file('b', 'failed', [])]],
  ])('says nothing about a fault when %s', (_name, files) => {
    expect(outcomeOf(false, files).kind).toBe('error');
  });

  type File = JsonReport['testResults'][number];

  function file(name: string, status: string, assertionResults: File['assertionResults']): File {
    return { name: `/project/test/${name}.test.ts`, status, message: '', assertionResults };
  }

  function outcomeOf(success: boolean, testResults: readonly File[]) {
    return readReport({ success, testResults }, '/project', '');
  }
});

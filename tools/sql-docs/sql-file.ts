import type { RecordedStatement, RecordedStep } from './recorded-statement.ts';
import { collapse, indent } from './sql-text.ts';

/** The statements that one call of the service has: parts of them, and steps, are there at times. */
export type Shape = readonly RecordedStep[];

/** What a file of docs/sql tells. */
export interface SqlFile {
  /** The lines at its head: what the statement does and where it is made. */
  readonly heading: readonly string[];
  readonly shapes: readonly Shape[];
}

/** Two shapes are the same when their keys are. */
export function keyOf(shape: Shape): string {
  return JSON.stringify(shape.map(({ step, text }) => [step, collapse(text)]));
}

/** The shapes of each name, each once, in an order that depends on nothing but their text. */
export function shapesByName(statements: readonly RecordedStatement[]): Map<string, Shape[]> {
  const found = new Map<string, Shape[]>();
  for (const { name, steps } of statements) found.set(name, [...(found.get(name) ?? []), steps]);
  return new Map([...found].map(([name, shapes]) => [name, inOrder(shapes)]));
}

/**
 * The shapes of a file after a run that was only a part of the suite: those that came again, and new ones. One that
 * did not come may belong to another part; but when none came, the statement is another one now.
 */
export function mergeShapes(written: readonly Shape[], recorded: readonly Shape[]): Shape[] {
  const known = new Set(recorded.map(keyOf));
  const isAsBefore = written.some((shape) => known.has(keyOf(shape)));
  return inOrder(isAsBefore || recorded.length === 0 ? [...written, ...recorded] : recorded);
}

/** The text of a file. */
export function renderSqlFile({ heading, shapes }: SqlFile): string {
  const blocks = [heading.map((line) => `-- ${line}`).join('\n')];
  /** The shape in which a step first had this text. */
  const firstIn = new Map<string, number>();
  for (const [index, shape] of shapes.entries()) {
    const number = index + 1;
    if (shapes.length > 1) blocks.push(`-- shape ${number} of ${shapes.length}`);
    for (const { step, text } of shape) {
      const key = JSON.stringify([step, collapse(text)]);
      const earlier = firstIn.get(key);
      if (earlier !== undefined) blocks.push(`-- step ${step}: as in shape ${earlier}`);
      else blocks.push(`${step === '' ? '' : `-- step ${step}\n`}${indent(text)};`);
      if (earlier === undefined) firstIn.set(key, number);
    }
  }
  return `${blocks.join('\n\n')}\n`;
}

/** Reads what `renderSqlFile` has written. */
export function parseSqlFile(text: string): SqlFile {
  const [head = '', ...blocks] = text.trimEnd().split('\n\n');
  const shapes: RecordedStep[][] = [];
  for (const block of blocks) {
    if (/^-- shape \d+ of \d+$/.test(block)) {
      shapes.push([]);
      continue;
    }
    if (shapes.length === 0) shapes.push([]);
    shapes.at(-1)?.push(parseStep(block, shapes));
  }
  return { heading: head.split('\n').map((line) => line.replace(/^-- /, '')), shapes };
}

function parseStep(block: string, shapes: readonly Shape[]): RecordedStep {
  const { step = '', earlier } =
    /^-- step (?<step>\w+)(?:: as in shape (?<earlier>\d+))?$/m.exec(block)?.groups ?? {};
  if (earlier !== undefined) {
    const text = shapes[Number(earlier) - 1]?.find((other) => other.step === step)?.text;
    return { step, text: text ?? '' };
  }
  const text = block.replace(/^-- step \w+\n/, '').replace(/;$/, '');
  return { step, text };
}

/** Each shape once, by length and then by text. */
function inOrder(shapes: readonly Shape[]): Shape[] {
  const byKey = new Map<string, Shape>();
  for (const shape of shapes) {
    const key = keyOf(shape);
    const other = byKey.get(key);
    // The same statement in other lines: whichever came first, the same one is kept.
    if (other === undefined || JSON.stringify(shape) < JSON.stringify(other)) byKey.set(key, shape);
  }
  const entries = [...byKey].toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  return entries.map(([, shape]) => shape);
}

/** A query or batch as it was compiled; a query has one step, without a name. */
export interface CompiledStatement {
  readonly name: string;
  readonly steps: readonly { readonly step: string; readonly text: string }[];
}

// Strings are passed over: what looks like a comment or a parenthesis in one is neither.
const stringOrComment = /'(?:[^']|'')*'|--[^\n]*/g;

/** The statement without comments, in one line: two texts are the same statement when this is the same. */
export function collapse(text: string): string {
  const code = text.replace(stringOrComment, (found) => (found.startsWith('--') ? '' : found));
  return code.replace(/\s+/g, ' ').trim();
}

/** The statement in its own lines, indented by the parentheses that are open at the beginning of each. */
export function indent(text: string): string {
  const lines: string[] = [];
  let depth = 0;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '') continue;
    const closers = /^\)*/.exec(line)?.[0].length ?? 0;
    lines.push('  '.repeat(Math.max(depth - closers, 0)) + line);
    const code = line.replace(stringOrComment, '');
    depth += code.split('(').length - code.split(')').length;
  }
  return lines.join('\n');
}

/**
 * What a query or batch compiles to, for a person: each of its shapes once, the shortest first, and what a step has in
 * common with an earlier shape by the number of that.
 */
export function render(name: string, statements: readonly CompiledStatement[]): string {
  const shapes = new Map<string, CompiledStatement['steps']>();
  for (const { steps } of statements) {
    const key = JSON.stringify(steps.map(({ step, text }) => [step, collapse(text)]));
    if (!shapes.has(key)) shapes.set(key, steps);
  }
  const ordered = [...shapes.values()].toSorted((a, b) => a.length - b.length);
  const firstIn = new Map<string, number>();
  const blocks = [`-- ${name}`];
  for (const [index, steps] of ordered.entries()) {
    const number = index + 1;
    if (ordered.length > 1) blocks.push(`-- shape ${number} of ${ordered.length}`);
    for (const { step, text } of steps) {
      const key = `${step} ${collapse(text)}`;
      const earlier = firstIn.get(key);
      if (earlier === undefined) firstIn.set(key, number);
      const head = step === '' ? '' : `-- step ${step}\n`;
      blocks.push(
        earlier === undefined ? `${head}${indent(text)};` : `-- step ${step}: as in shape ${earlier}`,
      );
    }
  }
  return `${blocks.join('\n\n')}\n`;
}

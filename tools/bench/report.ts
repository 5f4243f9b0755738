/** Whether a number is within its budget; undefined if it is not judged. */
export type Verdict = 'ok' | 'over' | 'unsupported' | undefined;

/** One line of a section's table. */
export interface Row {
  readonly cells: readonly string[];
  readonly verdict: Verdict;
}

/** The result of a section. */
export interface Report {
  /** How it was measured, in whole sentences. */
  readonly notes: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** The options of a section. */
export interface SectionOptions {
  /** A tenth of the work, to check that it runs, not to judge the results. */
  readonly isQuick: boolean;
}

/** Measures one thing and leaves nothing running. */
export type Section = (options: SectionOptions) => Promise<Report>;

/** `ok` when the number is at most the budget. */
export function judge(measured: number, budget: number): Verdict {
  return measured <= budget ? 'ok' : 'over';
}

/** Formats a report as text: the table with the verdicts last, and the notes below. */
export function renderReport({ notes, columns, rows }: Report): string {
  const lines = [[...columns, 'verdict'], ...rows.map(({ cells, verdict }) => [...cells, verdict ?? '-'])];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const table = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   '));
  return [...table.map((line) => line.trimEnd()), ...notes.map((note) => `(${note})`)]
    .map((line) => `  ${line}`)
    .join('\n');
}

/** Whether a number keeps its budget; undefined where nothing is judged. */
export type Verdict = 'ok' | 'over' | 'unsupported' | undefined;

/** One line of a section's table. */
export interface Row {
  readonly cells: readonly string[];
  readonly verdict: Verdict;
}

/** What a section found. */
export interface Report {
  /** How it was measured: whole sentences. */
  readonly notes: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** What a section may be told. */
export interface SectionOptions {
  /** A tenth of the work: to see that it runs, not to judge by. */
  readonly isQuick: boolean;
}

/** Measures one thing; it ends by itself and leaves nothing running. */
export type Section = (options: SectionOptions) => Promise<Report>;

/** `ok` when the number is at most the budget. */
export function judge(measured: number, budget: number): Verdict {
  return measured <= budget ? 'ok' : 'over';
}

/** Writes a report as text: the table, verdicts last, and the notes below it. */
export function renderReport({ notes, columns, rows }: Report): string {
  const lines = [[...columns, 'verdict'], ...rows.map(({ cells, verdict }) => [...cells, verdict ?? '-'])];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const table = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   '));
  return [...table.map((line) => line.trimEnd()), ...notes.map((note) => `(${note})`)]
    .map((line) => `  ${line}`)
    .join('\n');
}

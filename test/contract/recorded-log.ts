import { onTestFinished, vi } from 'vitest';

/** Keeps what this test logs, line by line, instead of printing it. */
export function recordLog(): string[] {
  const lines: string[] = [];
  for (const level of ['debug', 'log', 'info', 'warn', 'error'] as const) {
    const spy = vi.spyOn(console, level).mockImplementation((...texts) => void lines.push(texts.join(' ')));
    onTestFinished(() => spy.mockRestore());
  }
  return lines;
}

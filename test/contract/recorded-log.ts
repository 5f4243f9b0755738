import { onTestFinished, vi } from 'vitest';

/**
 * Keeps what this test logs, line by line, instead of printing it. Called for a whole file, `whenOver` is `afterAll`.
 */
export function recordLog(whenOver: (restore: () => void) => void = onTestFinished): string[] {
  const lines: string[] = [];
  for (const level of ['debug', 'log', 'info', 'warn', 'error'] as const) {
    const spy = vi.spyOn(console, level).mockImplementation((...texts) => void lines.push(texts.join(' ')));
    whenOver(() => spy.mockRestore());
  }
  return lines;
}

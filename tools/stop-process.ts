import type { ChildProcess } from 'node:child_process';

/** A signal, and how long the process may take to obey it. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

/**
 * Ends a process that was started with `detached: true`, and everything that it has started itself: signal after
 * signal, the last one SIGKILL.
 */
export async function stopProcess(child: ChildProcess, steps: readonly StopStep[]): Promise<void> {
  for (const { signal, waitMs } of [...steps, { signal: 'SIGKILL', waitMs: 2000 } as const]) {
    if (!signalGroup(child, signal)) return;
    const endsAt = Date.now() + waitMs;
    while (Date.now() < endsAt) {
      if (!signalGroup(child, 0)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** False when nobody is left in the process group. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

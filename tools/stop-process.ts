import type { ChildProcess } from 'node:child_process';

/** A signal, and how long to wait for its effect. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

/**
 * Stops a process that was started with `detached: true`, and everything that it has started: signal after signal,
 * the last one SIGKILL.
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

/** Returns false when the process group is empty. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

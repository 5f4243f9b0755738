import { setTimeout } from 'node:timers/promises';
import type { RunningTool } from './run-tool.ts';

/** Waits until `npm run dev` says that the service can be used. */
export async function untilReady(tool: RunningTool): Promise<void> {
  const hasEnded = tool.ended.then(() => true);
  while (!tool.output().includes('Ctrl-C stops all of it.')) {
    const isOver = await Promise.race([hasEnded, setTimeout(50)]);
    if (isOver === true) throw new Error(tool.output());
  }
}

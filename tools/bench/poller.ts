import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { HttpClient } from './http-client.ts';

/**
 * A client that requests one URL without a pause, in its own thread: in this one the embedded PostgreSQL of the bench would
 * delay it, which runs a statement without giving way.
 */
export interface Poller {
  /**
   * Stops it.
   * @returns how long each response took, in milliseconds
   */
  stop(): Promise<readonly number[]>;
}

/** Starts it; resolves at the first response. */
export async function startPoller(origin: string, path: string): Promise<Poller> {
  const thread = new Worker(new URL(import.meta.url), { workerData: { origin, path } });
  await once(thread, 'message');
  return {
    async stop() {
      thread.postMessage('stop');
      const [times] = (await once(thread, 'message')) as [number[]];
      await thread.terminate();
      return times;
    },
  };
}

if (!isMainThread && parentPort !== null) {
  const { origin, path } = workerData as { readonly origin: string; readonly path: string };
  const client = new HttpClient(origin, 1);
  const times: number[] = [];
  let isStopped = false;
  parentPort.once('message', () => {
    isStopped = true;
  });
  while (!isStopped) {
    const { status, tookMs } = await client.send({ method: 'GET', path });
    if (status !== 200) throw new Error(`${path} answered ${status}`);
    if (times.push(tookMs) === 1) parentPort.postMessage('started');
  }
  client.close();
  parentPort.postMessage(times);
}

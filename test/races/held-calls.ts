import { vi } from 'vitest';

/**
 * Stands in the batch of every flow by which something is changed, and in none that only finds or counts: for
 * `releaseTogether`.
 */
export const changing =
  /INSERT INTO (sessions|users)|UPDATE (one_time_tokens|sessions|users) |DELETE FROM (users|one_time_tokens)|FOR SHARE OF t/;

/**
 * The head start of a round in milliseconds, now of the one and now of the other: 0, 2, -2, 6, -6, 12, -12 and on. It grows,
 * so that a race which so far has always come out one way meets the other one on a slow machine too.
 */
export function headStartOf(round: number): number {
  const step = Math.ceil(round / 2) % 11;
  return (round % 2 === 0 ? -1 : 1) * step * (step + 1);
}

/**
 * Holds the calls to the database whose body has `text`, or matches it, until `count` of them are there, then lets all go at once.
 * Hashing keeps an isolate busy, so that without this the statements would come one after the other.
 *
 * @param headStartMs How long the first that arrived goes before the others; negative: the last that arrived.
 */
export function releaseTogether(text: string | RegExp, count: number, headStartMs = 0): void {
  const send = globalThis.fetch;
  const waiting: (() => void)[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    if (waiting.length < count && isFound(String(init?.body), text)) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length === count) void release(waiting, headStartMs);
      });
    }
    return send(input, init);
  });
}

/**
 * Does something before the first call to the database whose body has `text`, or matches it: what a flow has read by then is
 * not so any longer when it writes.
 */
export function changeBefore(text: string | RegExp, change: () => Promise<unknown>): void {
  const send = globalThis.fetch;
  let isChanged = false;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    if (!isChanged && isFound(String(init?.body), text)) {
      isChanged = true;
      await change();
    }
    return send(input, init);
  });
}

function isFound(body: string, text: string | RegExp): boolean {
  return typeof text === 'string' ? body.includes(text) : text.test(body);
}

async function release(waiting: readonly (() => void)[], headStartMs: number): Promise<void> {
  const [first, ...others] = headStartMs < 0 ? waiting.toReversed() : waiting;
  first?.();
  if (headStartMs !== 0) await scheduler.wait(Math.abs(headStartMs));
  for (const go of others) go();
}

import { inject, vi } from 'vitest';
import type { Answer } from '../support/client.ts';
import { headStartOf, releaseTogether } from './held-calls.ts';

/** How many do the same at once: `full` in `npm run test:full`, and else a third of them. */
export function crowdOf(full: number): number {
  return inject('isFull') ? full : Math.ceil(full / 3);
}

/** Starts all at once, and lets their statements that match go together. */
export async function together(
  text: string | RegExp,
  starts: readonly (() => Promise<Answer>)[],
  headStartMs = 0,
  /** How many of them have such a statement. */
  held = starts.length,
): Promise<Answer[]> {
  releaseTogether(text, held, headStartMs);
  const answers = await Promise.all(starts.map((start) => start()));
  vi.restoreAllMocks();
  return answers;
}

/** Two of them, of which now the one and now the other has a head start. */
export async function against(
  text: RegExp,
  round: number,
  ...starts: readonly [() => Promise<Answer>, () => Promise<Answer>]
): Promise<readonly [Answer, Answer]> {
  const [first, second] = await together(text, starts, headStartOf(round));
  return [first!, second!];
}

/** The same so many times. */
export const times = (count: number, start: () => Promise<Answer>) =>
  Array.from({ length: count }, () => start);

/** Does the same so many times at once. */
export const atOnce = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

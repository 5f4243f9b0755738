import type { Fault } from './fault-plan.ts';

/** Gives a number from 0 up to, but never, 1. */
export type Random = () => number;

/** Mulberry32: the same numbers for the same seed, so that a run can be had again. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// More than one request of four, since the service repeats what was lost: only a fault that meets both tries is seen.
const shares = [
  ['commit-then-drop', 0.16],
  ['refuse', 0.06],
  ['hang', 0.05],
] as const;

/** A plan of lost answers, lost requests and silence, with requests that pass between them. */
export function randomFaults(random: Random, count: number): Fault[] {
  return Array.from({ length: count }, () => {
    let rest = random();
    for (const [fault, share] of shares) {
      if (rest < share) return fault;
      rest -= share;
    }
    return 'pass';
  });
}

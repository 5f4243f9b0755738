/** The median: the middle value, or the mean of the two middle ones. NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The probability that a value of `a` is larger than one of `b`, ties counting half: the Mann-Whitney U statistic
 * over its maximum, which is the area under the ROC curve of a guess by threshold. At 0.5 the two cannot be told
 * apart.
 */
export function auc(a: readonly number[], b: readonly number[]): number {
  let wins = 0;
  for (const x of a) {
    for (const y of b) wins += x > y ? 1 : Number(x === y) / 2;
  }
  return wins / (a.length * b.length);
}

/** The value that this share of the values (0 to 1) does not exceed. NaN for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

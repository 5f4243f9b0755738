import type { PlantedFault } from './planted-fault.ts';

/** What a list of patterns names. */
export interface FaultSelection {
  /** In the order of the list, each once. */
  readonly faults: readonly PlantedFault[];
  /** The patterns that name none. */
  readonly unknown: readonly string[];
}

/**
 * Selects faults by patterns: ids of faults or of guarantees, in which `*` stands for any text; without a pattern all
 * of them.
 */
export function selectFaults(faults: readonly PlantedFault[], patterns: readonly string[]): FaultSelection {
  if (patterns.length === 0) return { faults, unknown: [] };
  const named = patterns.map((pattern) => {
    const expression = toExpression(pattern);
    return faults.filter(({ id, guarantees }) => [id, ...guarantees].some((name) => expression.test(name)));
  });
  return {
    faults: faults.filter((fault) => named.flat().includes(fault)),
    unknown: patterns.filter((_, index) => named[index]?.length === 0),
  };
}

function toExpression(pattern: string): RegExp {
  const parts = pattern.split('*').map((text) => text.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

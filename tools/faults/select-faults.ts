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
  const expressions = patterns.map(toExpression);
  return {
    faults: faults.filter((fault) => expressions.some((expression) => isNamed(fault, expression))),
    unknown: patterns.filter((pattern) => {
      const expression = toExpression(pattern);
      return !faults.some((fault) => isNamed(fault, expression));
    }),
  };
}

function isNamed({ id, guarantees }: PlantedFault, expression: RegExp): boolean {
  return [id, ...guarantees].some((name) => expression.test(name));
}

function toExpression(pattern: string): RegExp {
  const parts = pattern.split('*').map((text) => text.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

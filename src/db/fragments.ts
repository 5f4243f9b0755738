import type { Effect, RequestOrigin } from './effects.ts';
import { type Fragment, identifier, join, sql } from './sql.ts';

/** Writes the effects as further CTEs, each with its leading comma, to stand behind the CTE named `source`. */
export function effectCtes(effects: readonly Effect[], source: string, origin: RequestOrigin): Fragment {
  const ctes = effects.map((effect, index) => {
    const name = identifier(`${source}_effect_${index}`);
    return sql`, ${name} AS (${effect(identifier(source), origin)})`;
  });
  return join(ctes, '');
}

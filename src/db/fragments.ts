import type { Effect, RequestMetadata } from './effects.ts';
import { type Fragment, identifier, join, sql } from './sql.ts';

/** Writes the effects as further CTEs, each with its leading comma, to stand behind the CTE named `source`. */
export function effectCtes(effects: readonly Effect[], source: string, metadata: RequestMetadata): Fragment {
  const ctes = effects.map((effect, index) => {
    const name = identifier(`${source}_effect_${index}`);
    return sql`, ${name} AS (${effect(identifier(source), metadata)})`;
  });
  return join(ctes, '');
}

/** An instant as the API writes it (ISO 8601, UTC), whatever zone the connection is in; null stays null. */
export function isoTime(instant: Fragment): Fragment {
  return sql`to_char(${instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

import type { RequestMetadata } from '../request-metadata.ts';
import type { Effect } from './effects.ts';
import { type Fragment, identifier, join, sql } from './sql.ts';

/** Writes the effects as further CTEs, each with a leading comma, to follow the CTE named `source`. */
export function effectCtes(effects: readonly Effect[], source: string, metadata: RequestMetadata): Fragment {
  const ctes = effects.map((effect, index) => {
    const name = identifier(`${source}_effect_${index}`);
    return sql`, ${name} AS (${effect(identifier(source), metadata)})`;
  });
  return join(ctes, '');
}

/** A time as the API formats it (ISO 8601, UTC), whatever the time zone of the connection; null stays null. */
export function isoTime(instant: Fragment): Fragment {
  return sql`to_char(${instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

import { type Fragment, sql } from './sql.ts';

/** A time as the API formats it (ISO 8601, UTC), whatever the time zone of the connection; null stays null. */
export function isoTime(instant: Fragment): Fragment {
  return sql`to_char(${instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

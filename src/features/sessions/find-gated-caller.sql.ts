import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';
import { refusedBy } from '../../joints/ask-gates.sql.ts';
import type { GatedRow, GateRules } from '../../joints/gate.ts';
import { type CallerIds, fromLiveSession } from './live-session.sql.ts';

/** What the gates say of a caller. */
interface GatedCaller extends GatedRow {
  readonly closing_number: number;
}

/** Finds out what the gates say of a caller. Round trips: 1. Null when the session is not live. */
export async function findGatedCaller(
  db: Database,
  caller: CallerIds,
  gateRules: GateRules,
): Promise<GatedCaller | null> {
  const statement = sql<GatedCaller>`
    SELECT ${refusedBy(gateRules)} AS refused_by, u.closing_number ${fromLiveSession(caller)}`;
  const [row] = await db.query('find-gated-caller', statement, { isIdempotent: true });
  return row ?? null;
}

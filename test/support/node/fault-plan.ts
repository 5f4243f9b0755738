import type { ErrorFields } from '../../../tools/neon-local/backend.ts';

/**
 * What happens to one database request:
 * - `pass`: nothing;
 * - `refuse`: the connection breaks before the statement runs;
 * - `commit-then-drop`: the statement runs, then the connection breaks;
 * - `hang`: no answer until the caller gives up; the statement does not run;
 * - `garbage`: a 200 that is not JSON; the statement does not run;
 * - `status`: an HTTP failure such as Neon's 500 for a lost compute; the statement does not run;
 * - `sqlstate`: PostgreSQL's refusal in Neon's shape; the statement does not run;
 * - `delayMs`: passes later.
 */
export type Fault =
  | 'pass'
  | 'refuse'
  | 'commit-then-drop'
  | 'hang'
  | 'garbage'
  | { readonly status: number; readonly body?: string }
  | ({ readonly sqlstate: string; readonly message?: string } & ErrorFields)
  | { readonly delayMs: number };

/** One fault per request, `pass` after the last; or the same for every request. */
export type FaultPlan = readonly Fault[] | { readonly always: Fault };

/** A request that a faulty endpoint has received, in order. */
export interface SeenRequest {
  readonly queries: readonly string[];
  readonly fault: Fault;
  /** The first word of each statement's tag; undefined when it was not run or failed. */
  commands?: readonly string[];
}

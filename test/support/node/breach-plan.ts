/**
 * How a stand-in for the breach service answers:
 * - `found`: a padded range in which these rests of hashes have these counts;
 * - `status`: that status, pointing elsewhere;
 * - `body`: a 200 with that text;
 * - `refuse`: the connection breaks;
 * - `hang`: no answer until the caller gives up;
 * - `hang-in-body`: the headers and a first line, then nothing;
 * - `endless`: lines without an end.
 */
export type BreachPlan =
  | { readonly found: Readonly<Record<string, number>> }
  | { readonly status: number }
  | { readonly body: string }
  | 'refuse'
  | 'hang'
  | 'hang-in-body'
  | 'endless';

/** A request as it arrived. */
export interface SeenLookup {
  readonly method: string;
  /** Behind the address that was configured. */
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

import type { Fragment } from './sql.ts';

/** What one feature holds about a user, as a member of the file that they can download. `app.ts` registers them all. */
export interface ExportPart {
  /** Name of the member. */
  readonly name: string;
  /**
   * A JSON expression in the names and forms of the API. `owner` is an alias whose `user_id` is the user. Never in it: a
   * hash, a counter, a token, the id of a device, an internal mark (PRV-07).
   */
  readonly value: (owner: Fragment) => Fragment;
}

import type { Fragment } from './sql.ts';

/** What one feature stores about a user, as one member of the exported file. `app.ts` registers them all. */
export interface ExportPart {
  readonly name: string;
  /**
   * What json_build_object takes, JSON or an array of it, with the names and formats of the API. `owner` is an alias whose
   * `user_id` is the user. It must never contain a hash, a counter, a token, the id of a device or an internal flag (PRV-07).
   */
  readonly value: (owner: Fragment) => Fragment;
}

import type { Fragment } from '../db/sql.ts';

/** What happens to the rows of a table that name a user when the account is exported, deleted or taken over. */
export interface OwnedTable {
  readonly name: string;
  /** Its columns that name a user, or a session. */
  readonly columns: readonly string[];
  /** The export part that has its rows, or why none has. */
  readonly atExport: { readonly part: string } | { readonly none: string };
  /** `cascade` by a foreign key; a statement that runs once the user is gone; or why the rows may stay. */
  readonly atDeletion: 'cascade' | TableStep | { readonly kept: string };
  /**
   * By the cells of `taken_over` in the closing table; a statement; or why the rows stay. They come from somebody who
   * registered an address that was not theirs (LNK-06).
   */
  readonly atTakeOver: 'closed' | TableStep | { readonly kept: string };
}

/** A step of every deletion, or of every take-over. */
export interface TableStep {
  readonly step: string;
  /** @param owner a sub-select with `user_id`, empty unless the user is gone, or was taken over */
  readonly statement: (owner: Fragment) => Fragment;
}

/** The steps that the tables say for one of the two. */
export function tableSteps(
  tables: readonly OwnedTable[],
  when: 'atDeletion' | 'atTakeOver',
  owner: Fragment,
): Readonly<Record<string, Fragment>> {
  const steps = tables.flatMap(({ [when]: what }) =>
    typeof what === 'object' && 'step' in what ? [[what.step, what.statement(owner)] as const] : [],
  );
  return Object.fromEntries(steps);
}

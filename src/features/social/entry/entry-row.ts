import type { OpeningRow, SignedInRow } from '../../sign-in/index.ts';

/** What a sign-in came to: a session or what it leads to instead, or a code that was issued. */
export type EntryRow = SignedInRow | OpeningRow | CodeRow;

/** A code was issued. */
interface CodeRow {
  readonly user_id: string;
  readonly is_code: true;
}

/** Whether it is a code that was issued. */
export function isCodeRow(row: EntryRow): row is CodeRow {
  return 'is_code' in row;
}

/** Whether a second factor must follow that was not expected when the statement was made: nothing was opened. */
export function hasTurnedChallenge(row: EntryRow): boolean {
  return !isCodeRow(row) && row.session_id === null && row.verdict === 'challenge';
}

import type { Keyring } from '../crypto/keyring.ts';
import { sealedPrefix } from '../crypto/seal.ts';
import type { ReplacedText } from '../db/texts.sql.ts';

/** How the sealed texts of a table are read and replaced. */
export interface SealedRows<Row> {
  /** Finds some of those whose text begins in this way. */
  readonly find: (prefix: string) => Promise<readonly Row[]>;
  /** Seals one anew with the current key; null when it does not open. */
  readonly reseal: (row: Row) => Promise<ReplacedText | null>;
  readonly replace: (rows: readonly ReplacedText[]) => Promise<void>;
}

/**
 * Seals rows anew that are sealed with the previous key, so that it can be removed (SUP-04). One that does not open is left
 * alone. Round trips: 0 without a previous key, else 1 and, when there are any, 1 more.
 * @returns how many opened
 */
export async function resealRows<Row>(
  { previous }: Keyring,
  { find, reseal, replace }: SealedRows<Row>,
): Promise<number> {
  if (previous === null) return 0;
  const resealed = await Promise.all((await find(sealedPrefix(previous))).map(reseal));
  const replacements = resealed.filter((replacement) => replacement !== null);
  if (replacements.length > 0) await replace(replacements);
  return replacements.length;
}

/** Counts what would be lost without the previous key, for the log. Round trips: 0 or 1. */
export async function countSealedWithPrevious(
  { previous }: Keyring,
  count: (prefix: string) => Promise<number>,
): Promise<Readonly<Record<string, number>>> {
  return previous === null ? {} : { sealedWithPrevious: await count(sealedPrefix(previous)) };
}

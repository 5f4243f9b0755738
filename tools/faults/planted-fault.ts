/** A mistake that somebody could make: one place of the sources and its wrong twin. */
export interface PlantedFault {
  /** Kebab-case and unique. */
  readonly id: string;
  /** Ids of docs/security.md: what it breaks, the most direct one first. */
  readonly guarantees: readonly string[];
  /** What goes wrong, in one sentence. */
  readonly breaks: string;
  /** Path from the project's root: what is deployed, or what it is built of. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  /** What stands there instead. */
  readonly replace: string;
  /** The test files that could notice, from the project's root: the narrowest ones. */
  readonly tests: readonly string[];
}

/**
 * The source with the fault in it.
 * @throws Error when the text to replace does not occur exactly once
 */
export function plant({ id, file, find, replace }: PlantedFault, source: string): string {
  const count = source.split(find).length - 1;
  if (count !== 1) throw new Error(`${id}: its text occurs ${count} times in ${file}`);
  return source.replace(find, () => replace);
}

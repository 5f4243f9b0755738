/** The families of guarantees, by the first part of the requirements' ids; T is that of the known traps. */
export const families = [
  ...[
    'ENU',
    'PWD',
    'HSH',
    'SES',
    'RFR',
    'JWT',
    'CKE',
    'CSR',
    'LNK',
    'EML',
    'OAU',
    'RST',
    'OTP',
    'LIM',
    'INP',
    'SQL',
    'LOG',
  ],
  ...['CRN', 'DBF', 'IDM', 'HDR', 'PRV', 'DEM', 'SUP', 'T'],
] as const;

type Family = (typeof families)[number];

/** The id of a requirement, such as `ENU-01`; that of a trap has no dash: `T30`. */
export type Guarantee = `${Exclude<Family, 'T'>}-${string}` | `T${number}`;

/** A mistake that somebody could make: one place of the sources and its wrong twin. */
export interface PlantedFault {
  /** Kebab-case and unique. */
  readonly id: string;
  /** What it breaks, the most direct one first. */
  readonly guarantees: readonly Guarantee[];
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
  /** Why no test can see it; undefined for a fault that a test must notice. */
  readonly equivalent?: string;
}

/** The family of a guarantee: the letters of its id. */
export function familyOf(guarantee: Guarantee): string {
  return /^[A-Z]+/.exec(guarantee)?.[0] ?? '';
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

import type { Fragment } from '../../src/db/sql.ts';
import type { Account, RouteExample } from '../contract/route-table.ts';
import type { SectionForm } from '../contract/section-form-table.ts';
import type { Answer, TestClient } from './client.ts';

/** What the tables of `test/contract` need to know of a feature: `examples` in `test/features/<feature>/examples.ts`. */
export interface FeatureExamples {
  /** A valid request of each of its routes, by method and path. */
  readonly routes?: Readonly<Record<string, RouteExample>>;
  /** A valid form of each of its sections, by the section's name and the form's action. */
  readonly sectionForms?: Readonly<Record<string, Readonly<Record<string, SectionForm>>>>;
  /** One way to each of its problem codes. */
  readonly problems?: Readonly<Record<string, ProblemExample>>;
  /** A statement by which a user passes its gate. */
  readonly passGate?: (userId: string) => Fragment;
}

export type ProblemExample = readonly [
  status: number,
  answer: (client: TestClient, account: Account) => Promise<Answer>,
];

const files = import.meta.glob<{ readonly examples: FeatureExamples }>('../features/*/examples.ts', {
  eager: true,
});

const all = Object.values(files).map(({ examples }) => examples);

export const broughtRoutes = merged(all.map(({ routes }) => routes));
export const broughtSectionForms = merged(all.map(({ sectionForms }) => sectionForms));
export const broughtProblems = merged(all.map(({ problems }) => problems));
export const broughtGates = all.flatMap(({ passGate }) => passGate ?? []);

/**
 * One table of several: what two of them have would be tried by one of its examples alone.
 * @throws TypeError for a name that comes twice
 */
export function merged<T>(
  tables: readonly (Readonly<Record<string, T>> | undefined)[],
): Readonly<Record<string, T>> {
  const entries = tables.flatMap((table) => Object.entries(table ?? {}));
  const names = entries.map(([name]) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new TypeError(`there are two examples of ${twice.join(', ')}`);
  return Object.fromEntries(entries);
}

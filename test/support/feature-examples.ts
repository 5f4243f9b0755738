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

export const broughtRoutes: Readonly<Record<string, RouteExample>> = Object.assign(
  {},
  ...all.map(({ routes }) => routes),
);
export const broughtSectionForms: Readonly<Record<string, Readonly<Record<string, SectionForm>>>> =
  Object.assign({}, ...all.map(({ sectionForms }) => sectionForms));
export const broughtProblems: Readonly<Record<string, ProblemExample>> = Object.assign(
  {},
  ...all.map(({ problems }) => problems),
);
export const broughtGates = all.flatMap(({ passGate }) => passGate ?? []);

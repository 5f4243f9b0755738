import type { CleanUp } from './clean-up.ts';
import type { ExportPart } from './db/export-part.ts';
import type { Fragment } from './db/sql.ts';
import type { AccountSection } from './http/account-section.ts';
import { type HostedPage, hostedPageRoutes } from './http/hosted-page.ts';
import type { Route } from './http/route.ts';
import type { Credentials } from './joints/closing.ts';
import type { Factor } from './joints/factor.ts';
import type { Gate } from './joints/gate.ts';
import type { ReauthenticationMethod } from './joints/reauthentication.ts';
import type { SignInCompletion } from './joints/sign-in-completion.ts';
import type { SignInMethod } from './joints/sign-in-method.ts';
import type { VisitorReader } from './joints/visitor.ts';

export type { AccountSection };

/**
 * The manifest of a feature: all that others must learn from it. `app.ts` folds the manifests, one line each. What a
 * lower layer can be called for directly stands in no manifest.
 */
export interface Feature {
  readonly routes?: readonly Route[];
  /** Its pages for people. */
  readonly pages?: readonly HostedPage[];
  /** Its sections of the pages of the account, in their order there. */
  readonly accountSections?: readonly AccountSection[];
  /** Ways to sign in that the sign-in page offers beside the password. */
  readonly signInMethods?: readonly SignInMethod[];
  /** How pages learn who visits them. */
  readonly visitors?: readonly VisitorReader[];
  /** Conditions for every sensitive route, in the order in which they refuse. */
  readonly gates?: readonly Gate[];
  /** Second factors that keep a sign-in from opening a session. */
  readonly factors?: readonly Factor[];
  /** What sign-ins do once they are complete. */
  readonly signInCompletions?: readonly SignInCompletion[];
  /** Ways to authenticate again, by which a session becomes recent. */
  readonly reauthentications?: readonly ReauthenticationMethod[];
  /** Kinds of credential, and what each occasion does to them. */
  readonly credentials?: readonly Credentials[];
  /** Its tables that name a user. */
  readonly tables?: readonly OwnedTable[];
  readonly exportParts?: readonly ExportPart[];
  readonly cleanUps?: readonly CleanUp[];
}

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

/** Everything that features say, in the order of their manifests. */
export interface FoldedFeatures {
  /** Those of the pages among them. */
  readonly routes: readonly Route[];
  readonly pages: readonly HostedPage[];
  readonly accountSections: readonly AccountSection[];
  readonly signInMethods: readonly SignInMethod[];
  readonly visitors: readonly VisitorReader[];
  readonly gates: readonly Gate[];
  readonly factors: readonly Factor[];
  readonly signInCompletions: readonly SignInCompletion[];
  readonly reauthentications: readonly ReauthenticationMethod[];
  readonly credentials: readonly Credentials[];
  readonly tables: readonly OwnedTable[];
  readonly exportParts: readonly ExportPart[];
  readonly cleanUps: readonly CleanUp[];
}

export function foldFeatures(features: readonly Feature[]): FoldedFeatures {
  return {
    routes: features.flatMap(({ routes = [], pages = [] }) => [
      ...routes,
      ...pages.flatMap(hostedPageRoutes),
    ]),
    pages: features.flatMap(({ pages = [] }) => pages),
    accountSections: features.flatMap(({ accountSections = [] }) => accountSections),
    signInMethods: features.flatMap(({ signInMethods = [] }) => signInMethods),
    visitors: features.flatMap(({ visitors = [] }) => visitors),
    gates: features.flatMap(({ gates = [] }) => gates),
    factors: features.flatMap(({ factors = [] }) => factors),
    signInCompletions: features.flatMap(({ signInCompletions = [] }) => signInCompletions),
    reauthentications: features.flatMap(({ reauthentications = [] }) => reauthentications),
    credentials: features.flatMap(({ credentials = [] }) => credentials),
    tables: features.flatMap(({ tables = [] }) => tables),
    exportParts: features.flatMap(({ exportParts = [] }) => exportParts),
    cleanUps: features.flatMap(({ cleanUps = [] }) => cleanUps),
  };
}

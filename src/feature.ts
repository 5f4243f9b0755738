import type { Rules } from './deps.ts';
import type { AccountSection } from './http/account-section.ts';
import type { Page, Site } from './http/page.ts';
import { pageRoutes } from './http/page-routes.ts';
import type { Route } from './http/route.ts';
import type { SignInMethod } from './joints/sign-in-method.ts';
import type { VisitorReader } from './joints/visitor-reader.ts';

/**
 * The manifest of a feature: all that others must learn from it. `app.ts` folds the manifests, one line each. Every
 * manifest is evaluated at the start, so what it does stands behind functions that load it. What a lower layer can be
 * called for directly stands in no manifest.
 */
export interface Feature {
  readonly routes?: readonly Route[];
  /** Its pages for people. */
  readonly pages?: readonly Page[];
  /** Its sections of the pages of the account, in their order there. */
  readonly accountSections?: readonly AccountSection[];
  /** A way to sign in that the sign-in page offers beside the password. */
  readonly loadSignInMethod?: () => Promise<SignInMethod>;
  /** How pages learn who visits them. */
  readonly loadVisitorReader?: () => Promise<VisitorReader>;
  /** What it says for the flows of others. */
  readonly loadRules?: () => Promise<FeatureRules>;
}

export type FeatureRules = Partial<Rules>;

/** The routes of all features, those of the pages among them. */
export function foldRoutes(features: readonly Feature[]): Route[] {
  const site = foldSite(features);
  return features.flatMap(({ routes = [], pages = [] }) => [
    ...routes,
    ...pages.flatMap((page) => pageRoutes(page, site)),
  ]);
}

/** What features bring to pages. */
export function foldSite(features: readonly Feature[]): Site {
  return {
    pages: features.flatMap(({ pages = [] }) => pages),
    accountSections: features.flatMap(({ accountSections = [] }) => accountSections),
    loadSignInMethods: () =>
      Promise.all(features.flatMap(({ loadSignInMethod }) => loadSignInMethod?.() ?? [])),
  };
}

const noRules: FeatureRules = {};

/** What all features say for the flows of others. */
export async function loadRulesOf(features: readonly Feature[]): Promise<Rules> {
  const rules = await Promise.all(features.map(async ({ loadRules }) => (await loadRules?.()) ?? noRules));
  return {
    gates: rules.flatMap(({ gates = [] }) => gates),
    secondFactors: rules.flatMap(({ secondFactors = [] }) => secondFactors),
    signInCompletions: rules.flatMap(({ signInCompletions = [] }) => signInCompletions),
    reauthentications: rules.flatMap(({ reauthentications = [] }) => reauthentications),
    credentials: rules.flatMap(({ credentials = [] }) => credentials),
    tables: rules.flatMap(({ tables = [] }) => tables),
    exportParts: rules.flatMap(({ exportParts = [] }) => exportParts),
    cleanUps: rules.flatMap(({ cleanUps = [] }) => cleanUps),
  };
}

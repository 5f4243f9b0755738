import type { Deps } from '../deps.ts';

/** A way to sign in beside the password that the sign-in page offers. A feature brings it in its manifest. */
export interface SignInMethod {
  /**
   * The links, in their order: providers are reached by links, since browsers hold what answers a form against its page's
   * policy (HDR-03).
   * @param returnTo the page that offers them, with the target of the sign-in: a path of this service
   * @param redirectTo the target itself, as it was asked for and checked; undefined for the default
   */
  links(deps: Deps, returnTo: string, redirectTo: string | undefined): readonly SignInLink[];
}

export interface SignInLink {
  readonly href: string;
  /** As people know it. */
  readonly name: string;
}

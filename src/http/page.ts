import type { SignInMethod } from '../joints/sign-in-method.ts';
import type { AccountSection } from './account-section.ts';
import type { Fields, PageRequest, SignedInRequest } from './page-request.ts';

/** What a page does. */
export interface PageModule<V extends PageRequest> {
  /** Shows it, and changes nothing. */
  show(request: V): Promise<Response>;
  /** @param fields those of the form that were filled in */
  receive(request: V, fields: Fields): Promise<Response>;
}

/**
 * A page for people. A feature brings it in its manifest. What it does is loaded when it is first asked for: requests of the
 * API never pay for it. By its guard:
 * - `visitor`, `account-holder`: a hosted page, which HOSTED_PAGES turns off, for everybody or for somebody who is signed in.
 * - `anyone`: the page that a link of a mail opens, which is always there. See `linkPage`.
 * - `developer`: a page that takes no form, and is there in development alone.
 */
export type Page = { readonly path: string } & (
  | { readonly guard: 'visitor' | 'anyone'; readonly load: LoadPage<PageModule<PageRequest>> }
  | { readonly guard: 'account-holder'; readonly load: LoadPage<PageModule<SignedInRequest>> }
  | { readonly guard: 'developer'; readonly load: LoadPage<Pick<PageModule<PageRequest>, 'show'>> }
);

/** Loads a module that has the page, or a function that makes it of what features bring to pages and of its path. */
export type LoadPage<M> = () => Promise<{
  readonly page: M | ((site: Site, path: string) => M | Promise<M>);
}>;

/** What features bring to the pages of others, in the order of their manifests. */
export interface Site {
  readonly pages: readonly Page[];
  readonly accountSections: readonly AccountSection[];
  readonly loadSignInMethods: () => Promise<readonly SignInMethod[]>;
}

import { AuthError } from '../errors.ts';
import type { RequestContext } from './context.ts';
import { readFormBody } from './form-body.ts';
import { holdForm } from './held-form.ts';
import { answerFailure } from './problem.ts';
import { markAsMadeByKit, type Route, requireDeps } from './route.ts';
import {
  beginVisit,
  type Fields,
  queryParameter,
  type SignedInVisit,
  seeOther,
  type Visit,
} from './visit.ts';
import { callerOfForm, callerOfPage, refuseOtherPages, setTokensUnlessSet } from './visitor.ts';

/** What a page does. It changes nothing when it is shown. */
export interface PageModule<V extends Visit> {
  show(visit: V): Promise<Response>;
  /** @param fields those of the form that were filled in */
  receive(visit: V, fields: Fields): Promise<Response>;
}

/**
 * A page for people, which HOSTED_PAGES turns off. A feature brings it in its manifest. What it does is loaded when it is
 * first asked for: requests of the API never pay for it.
 */
export type HostedPage = { readonly path: string } & (
  | { readonly guard: 'visitor'; readonly load: () => Promise<PageModule<Visit>> }
  | { readonly guard: 'account-holder'; readonly load: () => Promise<PageModule<SignedInVisit>> }
);

/** The routes of a page: it is shown by GET and takes its forms by POST, from pages of this service alone (CSR-06). */
export function hostedPageRoutes(page: HostedPage): Route[] {
  const { path, guard } = page;
  const common = { path, guard, medium: 'page', isSensitive: false, hasBody: false } as const;
  return [
    markAsMadeByKit({ ...common, method: 'GET', limit: 'general', handle: (c) => show(page, c) }),
    markAsMadeByKit({ ...common, method: 'POST', limit: 'credential', handle: (c) => receive(page, c) }),
  ];
}

async function show(page: HostedPage, c: RequestContext): Promise<Response> {
  const visit = await beginVisit(c);
  if (page.guard === 'visitor') return (await page.load()).show(visit);
  const caller = await callerOfPage(visit);
  if (caller === null) return toSignIn(visit);
  try {
    return await (await page.load()).show({ ...visit, caller, isContinued: false });
  } catch (error) {
    if (isCode(error, 'unauthenticated')) return toSignIn(visit);
    throw error;
  }
}

async function receive(page: HostedPage, c: RequestContext): Promise<Response> {
  refuseOtherPages(c, requireDeps(c));
  const visit = await beginVisit(c);
  const fields = filledIn(await readFormBody(c.req.raw));
  if (page.guard === 'visitor') return (await page.load()).receive(visit, fields);
  const { caller, renewed } = await callerOfForm(visit);
  if (caller === null) return toSignIn(visit);
  const response = await receiveForm(page, { ...visit, caller, isContinued: false }, fields).catch(
    (error: unknown) => answerFailure(error, c, { action: page.path, fields }),
  );
  if (renewed !== null) setTokensUnlessSet(response, renewed);
  return response;
}

/**
 * Does what a form of the page asks for. Where that takes an authentication that is recent, the form is held, and its sender
 * is asked for one.
 */
export async function receiveForm(
  page: Extract<HostedPage, { guard: 'account-holder' }>,
  visit: SignedInVisit,
  fields: Fields,
): Promise<Response> {
  try {
    return await (await page.load()).receive(visit, fields);
  } catch (error) {
    if (isCode(error, 'unauthenticated')) return toSignIn(visit, visit.isContinued ? page.path : undefined);
    if (isCode(error, 'reauthentication_required')) return toConfirm(visit, page.path, fields);
    throw error;
  }
}

/** Leads to the sign-in, and back here after it. @param path the page of a form that was posted */
function toSignIn({ c }: Visit, path?: string): Response {
  const { pathname, searchParams } = new URL(c.req.url);
  const parameters = new URLSearchParams();
  const error = queryParameter(c, 'error');
  // What a visit to a provider brought back.
  if (error !== undefined) parameters.set('error', error);
  searchParams.delete('error');
  const query = path === undefined && searchParams.size > 0 ? `?${searchParams}` : '';
  parameters.set('redirectTo', `${path ?? pathname}${query}`);
  return seeOther(`/login?${parameters}`);
}

/** Leads to where people authenticate again, and holds the form until then. */
async function toConfirm({ deps, caller }: SignedInVisit, path: string, fields: Fields): Promise<Response> {
  const held = await holdForm(deps, caller, { path, fields });
  const parameters = new URLSearchParams({ returnTo: path });
  if (held !== null) parameters.set('form', held.id);
  const response = seeOther(`/reauthenticate?${parameters}`);
  if (held !== null) response.headers.append('Set-Cookie', held.cookie);
  return response;
}

/** An empty field is one that was left out. */
function filledIn(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof AuthError && error.code === code;
}

import { isCode } from '../errors.ts';
import type { RequestContext } from './context.ts';
import { readFormBody } from './form-body.ts';
import { holdForm } from './held-form.ts';
import type { LoadPage, Page, PageModule, Site } from './page.ts';
import { callerOfForm, callerOfPage, refuseOtherPages, setTokensUnlessSet } from './page-caller.ts';
import {
  type Fields,
  type PageRequest,
  queryParameter,
  readPageRequest,
  type SignedInRequest,
  seeOther,
} from './page-request.ts';
import { answerFailure } from './problem.ts';
import { requireDeps } from './route.ts';

/** Shows a page, to whoever may see it. */
export async function showPage(page: Page, site: Site, c: RequestContext): Promise<Response> {
  const request = await readPageRequest(c);
  if (page.guard !== 'account-holder') return (await loaded(page, site)).show(request);
  const caller = await callerOfPage(request);
  if (caller === null) return toSignIn(request);
  try {
    return await (await loaded(page, site)).show({ ...request, caller, isContinued: false });
  } catch (error) {
    if (isCode(error, 'unauthenticated')) return toSignIn(request);
    throw error;
  }
}

/** Takes a form of a page, in this order: its origin, its body, then who sends it. */
export async function receivePage(
  page: Exclude<Page, { guard: 'developer' }>,
  site: Site,
  c: RequestContext,
): Promise<Response> {
  refuseOtherPages(c, requireDeps(c));
  const request = await readPageRequest(c);
  const fields = filledIn(await readFormBody(c.req.raw));
  if (page.guard !== 'account-holder') return (await loaded(page, site)).receive(request, fields);
  const { caller, refreshed } = await callerOfForm(request);
  if (caller === null) return toSignIn(request);
  const response = await receiveForm(page, site, { ...request, caller, isContinued: false }, fields).catch(
    (error: unknown) => answerFailure(error, c, { action: page.path, fields }),
  );
  if (refreshed !== null) setTokensUnlessSet(response, refreshed);
  return response;
}

/**
 * Does what a form of the page asks for. Where that takes an authentication that is recent, the form is held, and its sender
 * is asked for one.
 */
export async function receiveForm(
  page: Extract<Page, { guard: 'account-holder' }>,
  site: Site,
  request: SignedInRequest,
  fields: Fields,
): Promise<Response> {
  try {
    return await (await loaded(page, site)).receive(request, fields);
  } catch (error) {
    if (isCode(error, 'unauthenticated'))
      return toSignIn(request, request.isContinued ? page.path : undefined);
    if (isCode(error, 'reauthentication_required'))
      return toConfirm(request, { path: page.path, fields }, error.options.closingNumber);
    throw error;
  }
}

async function loaded<M extends Partial<PageModule<never>>>(
  { load, path }: { readonly load: LoadPage<M>; readonly path: string },
  site: Site,
): Promise<M> {
  const { page } = await load();
  return typeof page === 'function' ? page(site, path) : page;
}

/** Leads to the sign-in, and back here after it. @param path the page of a form that was posted */
function toSignIn({ c }: PageRequest, path?: string): Response {
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
async function toConfirm(
  { deps, caller }: SignedInRequest,
  form: { readonly path: string; readonly fields: Fields },
  closingNumber: number | undefined,
): Promise<Response> {
  const held = closingNumber === undefined ? null : await holdForm(deps, { ...caller, closingNumber }, form);
  const parameters = new URLSearchParams({ returnTo: form.path });
  if (held !== null) parameters.set('form', held.id);
  const response = seeOther(`/reauthenticate?${parameters}`);
  if (held !== null) response.headers.append('Set-Cookie', held.cookie);
  return response;
}

/** An empty field is one that was left out. */
function filledIn(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

import type { Deps } from '../deps.ts';
import { commonErrors, isCode } from '../errors.ts';
import type { IssuedTokens } from '../joints/issued-tokens.ts';
import type { VisitorIds, VisitorReader } from '../joints/visitor-reader.ts';
import { accessCookieName, clearAuthCookies, refreshCookieName, setAuthCookies } from './auth-cookies.ts';
import type { RequestContext } from './context.ts';
import { readCookie } from './cookies.ts';
import type { FlashName } from './flash.ts';
import { refuseForeignOrigin } from './guard.ts';
import { clearHeldForm } from './held-form.ts';
import { type PageRequest, seeOther } from './page-request.ts';

/**
 * Refuses a form that another page posts than one of this service: nobody else has a reason to, not even an application of
 * a listed origin, which has the API (CSR-06).
 * @throws AuthError csrf_rejected
 */
export function refuseOtherPages(c: RequestContext, deps: Deps): void {
  const verdict = refuseForeignOrigin(c, deps);
  if (verdict !== 'own') throw commonErrors.csrf_rejected();
}

/** What tells who visits: pages have no other caller than a browser, and read its cookies alone. */
type Cookies = Pick<PageRequest, 'c' | 'deps'>;

/** The caller of a page that is shown: by the access token, else by a look at the refresh token. Round trips: 0; 1 for a look. */
export async function callerOfPage(request: Cookies): Promise<VisitorIds | null> {
  return (await callerByAccessToken(request)) ?? callerByRefreshToken(request);
}

/** Whether somebody seems to be signed in: a guess by tokens that are genuine. Round trips: 0. */
export async function seemsSignedIn(request: Cookies): Promise<boolean> {
  if ((await callerByAccessToken(request)) !== null) return true;
  const token = refreshTokenOf(request);
  if (token === null) return false;
  return (await readersOf(request)).some((reader) => reader.isGenuine(request.deps, token));
}

/** Who is signed in, whose session is live: for pages that are for everybody. Round trips: 1; 0 without cookies. */
export async function findVisitor(request: Cookies): Promise<VisitorIds | null> {
  const caller = await callerByAccessToken(request);
  if (caller === null) return callerByRefreshToken(request);
  for (const reader of await readersOf(request)) if (await reader.isLive(request.deps, caller)) return caller;
  return null;
}

async function callerByAccessToken({ c, deps }: Cookies): Promise<VisitorIds | null> {
  const token = readCookie(c.req.raw.headers.get('Cookie'), accessCookieName);
  return token === null ? null : deps.accessTokens.verify(token, deps.now());
}

/**
 * Looks at the refresh token when the access token has died, and leaves it as it is: a GET changes nothing. Of our own
 * cookie alone: that of the legacy application is read by refresh and logout.
 */
async function callerByRefreshToken(request: Cookies): Promise<VisitorIds | null> {
  const token = refreshTokenOf(request);
  if (token === null) return null;
  for (const reader of await readersOf(request)) {
    const visitor = await reader.look(request.deps, token);
    if (visitor !== null) return visitor;
  }
  return null;
}

function readersOf({ c }: Cookies): Promise<VisitorReader[]> {
  return Promise.all(c.get('visitorReaders').map((load) => load()));
}

function refreshTokenOf({ c }: Cookies): string | null {
  return readCookie(c.req.raw.headers.get('Cookie'), refreshCookieName);
}

interface FormCaller {
  readonly caller: VisitorIds | null;
  /** Tokens that the browser must get, whatever comes of the form; null where it has good ones. */
  readonly refreshed: IssuedTokens | null;
}

/** Exchanges the refresh token first when the access token has died, so that nothing that was typed is lost. */
export async function callerOfForm(request: Cookies): Promise<FormCaller> {
  const { deps } = request;
  const known = await callerByAccessToken(request);
  const token = refreshTokenOf(request);
  const [reader] = await readersOf(request);
  if (known !== null || token === null || reader === undefined) return { caller: known, refreshed: null };
  try {
    const refreshed = await reader.refresh(deps, token);
    return { caller: await callerOfTokens(request, refreshed), refreshed };
  } catch (error) {
    if (isCode(error, 'session_expired') || isCode(error, 'refresh_token_reused'))
      return { caller: null, refreshed: null };
    throw error;
  }
}

/** Whose tokens they are, which were issued just now. */
export async function callerOfTokens(
  { deps: { accessTokens, now } }: Pick<PageRequest, 'deps'>,
  { accessToken }: IssuedTokens,
): Promise<VisitorIds> {
  const claims = await accessTokens.verify(accessToken, now());
  if (claims === null) throw new TypeError('a token that was just signed must be valid');
  return claims;
}

/** Sets tokens that were issued on the way, unless what came after led to newer ones, or signed out. */
export function setTokensUnlessSet(response: Response, tokens: IssuedTokens): void {
  const isSet = response.headers.getSetCookie().some((cookie) => cookie.startsWith(`${accessCookieName}=`));
  if (!isSet) setTokenCookies(response, tokens);
}

/** Leads somebody who has signed out to the sign-in, without the cookies of the session and of a form that waits. */
export function leadSignedOut({ config }: Deps, flash: FlashName = 'signed_out'): Response {
  const response = seeOther('/login', flash);
  clearAuthCookies(response.headers, config.session.legacyRefreshCookie);
  clearHeldForm(response.headers);
  return response;
}

/** Sets the tokens of a page's session as cookies. */
export function setTokenCookies(response: Response, tokens: IssuedTokens): void {
  const { accessToken, expiresIn, refreshTokens, refreshExpiresIn } = tokens;
  if (refreshTokens.cookie === undefined) return;
  const refresh = { token: refreshTokens.cookie, expiresIn: refreshExpiresIn };
  setAuthCookies(response.headers, { token: accessToken, expiresIn }, refresh);
}

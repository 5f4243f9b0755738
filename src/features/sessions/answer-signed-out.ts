import type { Deps } from '../../deps.ts';
import { clearAuthCookies } from '../../http/auth-cookies.ts';
import type { RequestContext } from '../../http/context.ts';

/** Answers a logout. The cookies of a session that was not ended are kept, or nobody could end it. */
export function answerSignedOut(
  c: RequestContext,
  deps: Deps,
  options: { readonly areCookiesKept: boolean },
): Response {
  const response = c.json({ success: true, message: 'Signed out' });
  if (!options.areCookiesKept) clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
  return response;
}

import type { Deps } from '../../../deps.ts';
import { AuthError } from '../../../errors.ts';
import { setChallengeCookie } from '../../../http/auth-cookies.ts';
import { setTokenCookies } from '../../../http/page-caller.ts';
import { seeOther } from '../../../http/page-request.ts';
import { pageTarget } from '../../../http/page-target.ts';
import { withParameter } from '../../../request/redirect-target.ts';
import { answerPageSignIn, setSignInCookies } from '../../sign-in/index.ts';
import { logProviderFailure } from '../provider-failure.ts';
import type { Completed } from './complete-visit.ts';

/**
 * Sends the browser where its visit to a provider began, with the cookies of what came of it; of an app's sign-in with a
 * code. 303, so that a form that was posted is not posted again (OAU-17).
 */
export function answerCompleted(redirectTo: string, completed: Completed, { config }: Deps): Response {
  switch (completed.outcome) {
    case 'code':
      return seeOther(withParameter(redirectTo, 'code', completed.code));
    case 'challenge': {
      if (config.pages.areHosted)
        return answerPageSignIn(completed, pageTarget(config, shortTarget(redirectTo, config.baseUrl)));
      const response = seeOther(withParameter(redirectTo, 'error', 'two_factor_required'));
      const { cookieToken, expiresIn } = completed;
      if (cookieToken !== null) setChallengeCookie(response.headers, cookieToken, expiresIn);
      return response;
    }
    case 'session': {
      const response = seeOther(redirectTo);
      setSignInCookies(response, completed);
      return response;
    }
    case 'reauthenticated': {
      const response = seeOther(redirectTo);
      setTokenCookies(response, completed.tokens);
      return response;
    }
    case 'linked':
      return seeOther(redirectTo);
  }
}

/** A URL of this service as a path, which leaves more room for what is in it. */
function shortTarget(href: string, baseUrl: string): string {
  return href.startsWith(`${baseUrl}/`) ? href.slice(baseUrl.length) : href;
}

/** The codes of failures that the browser takes back to where it came from. All others are answered as they are. */
const toldByRedirect = [
  'access_denied',
  'provider_error',
  'transaction_invalid',
  'email_not_verified',
  'account_exists',
  'registration_closed',
  'rate_limited',
  'reauthentication_required',
  'identity_already_linked',
];

/**
 * Sends the browser where its visit began, with the code of a failure that the page or app there tells.
 * @throws the failure itself, if it is no such one
 */
export function answerFailed(
  redirectTo: string,
  failure: unknown,
  { metadata: { requestId } }: Deps,
): Response {
  if (!(failure instanceof AuthError) || !toldByRedirect.includes(failure.code)) throw failure;
  logProviderFailure(failure, requestId);
  return seeOther(withParameter(redirectTo, 'error', failure.code));
}

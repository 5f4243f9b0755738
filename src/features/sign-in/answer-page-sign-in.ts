import { setChallengeCookie } from '../../http/auth-cookies.ts';
import { seeOther } from '../../http/page-request.ts';
import { type PageTarget, withTarget } from '../../http/page-target.ts';
import { setSignInCookies } from './answer-sign-in.ts';
import type { Challenge } from './challenge/challenge.ts';
import type { SignIn } from './sign-in.ts';

/** Leads somebody who signed in on a page to their target, or to the second step before it. */
export function answerPageSignIn(signIn: SignIn | Challenge, target: PageTarget): Response {
  if (signIn.outcome === 'challenge') {
    const response = seeOther(withTarget('/login/two-factor', target));
    const { cookieToken, expiresIn } = signIn;
    if (cookieToken !== null) setChallengeCookie(response.headers, cookieToken, expiresIn);
    return response;
  }
  const response = seeOther(target.href);
  setSignInCookies(response, signIn);
  return response;
}

import { demoEmail } from '../../address/reserved-email.ts';
import type { Deps } from '../../deps.ts';
import { AuthError } from '../../errors.ts';
import type { RequestContext } from '../../http/context.ts';
import { readFormBody } from '../../http/form-body.ts';
import { leadSignedOut, refuseOtherPages, setTokenCookies } from '../../http/page-caller.ts';
import { answerView, queryParameter, readPageRequest, seeOther } from '../../http/page-request.ts';
import { pageTarget } from '../../http/page-target.ts';
import { cookieTokens } from '../../http/presented-tokens.ts';
import type { Route } from '../../http/route.ts';
import { validate } from '../../http/validate.ts';
import { LoginRequest } from '../sign-in/index.ts';
import { verifyDemoAccessToken } from './access-token.ts';
import { secondsLeft } from './demo-session.ts';
import { demoErrors } from './errors.ts';
import { login } from './login.ts';
import { areOfDemo } from './of-demo.ts';
import { parseDemoToken } from './refresh-token.ts';

/** Answers a request of the demo user at a page; null when it is somebody else's. */
type PageAnswer = (c: RequestContext, deps: Deps) => Promise<Response | null>;

/** What the demo user can do on pages: sign in, look at one page in place of those of the account, and sign out. */
export function pageAnswer({ method, path, guard }: Route): PageAnswer | null {
  if (guard === 'account-holder') return method === 'GET' ? showDemo : refuseDemo;
  if (method === 'POST') return { '/login': signIn, '/logout': signOut }[path] ?? null;
  return ['/', '/login', '/register'].includes(path) ? leadOn : null;
}

/** A right sign-in; everything else about the address is told as for any other. */
async function signIn(c: RequestContext, deps: Deps): Promise<Response | null> {
  refuseOtherPages(c, deps);
  try {
    const { redirectTo, ...typed } = await readFormBody(c.req.raw.clone() as Request);
    const { email, password } = validate(LoginRequest, typed);
    if (email.address !== demoEmail) return null;
    const { tokens } = await login(deps, { password, transport: 'cookie' });
    const response = seeOther(pageTarget(deps.config, redirectTo).href);
    setTokenCookies(response, tokens);
    return response;
  } catch (error) {
    // The page says why.
    if (error instanceof AuthError) return null;
    throw error;
  }
}

/** If a token of a real session came along, that session must end: the ordinary page also clears the demo's cookies. */
async function signOut(c: RequestContext, deps: Deps): Promise<Response | null> {
  refuseOtherPages(c, deps);
  if (!(await areOfDemo(deps, cookieTokens(c, deps)))) return null;
  return leadSignedOut(deps);
}

async function leadOn(c: RequestContext, deps: Deps): Promise<Response | null> {
  if (!(await isVisitedByDemo(c, deps))) return null;
  return seeOther(pageTarget(deps.config, queryParameter(c, 'redirectTo')).href);
}

async function showDemo(c: RequestContext, deps: Deps): Promise<Response | null> {
  if (!(await isVisitedByDemo(c, deps))) return null;
  const request = await readPageRequest(c);
  const { demoView } = await import('./pages/demo-view.tsx');
  return answerView(request, demoView(request.language));
}

async function refuseDemo(c: RequestContext, deps: Deps): Promise<Response | null> {
  refuseOtherPages(c, deps);
  if (await isVisitedByDemo(c, deps)) throw demoErrors.demo_readonly();
  return null;
}

/** By either cookie, as for every visitor of a page. */
async function isVisitedByDemo(c: RequestContext, deps: Deps): Promise<boolean> {
  const { accessTokens, refreshTokens } = cookieTokens(c, deps);
  for (const token of accessTokens) if ((await verifyDemoAccessToken(deps, token)) !== null) return true;
  return refreshTokens.some((token) => {
    const content = parseDemoToken(deps.keyring, token);
    return content?.transport === 'cookie' && secondsLeft(content, deps.now) > 0;
  });
}

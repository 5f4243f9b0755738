import { demoEmail } from '../../address/reserved-email.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../http/context.ts';
import { presentedAccessToken, refuseForeignOrigin } from '../../http/guard.ts';
import { peekBody } from '../../http/peek-body.ts';
import { cookieTokens, presentedRefreshToken, presentedTokens } from '../../http/presented-tokens.ts';
import { type Route, requireDeps } from '../../http/route.ts';
import { answerSignedOut, answerTokens, TokenRequest } from '../sessions/index.ts';
import { LoginRequest } from '../sign-in/index.ts';
import { verifyDemoAccessToken } from './access-token.ts';
import { pageAnswer } from './answer-pages.ts';
import { type DemoSession, toSession } from './demo-session.ts';
import { demoUser } from './demo-user.ts';
import { demoErrors } from './errors.ts';
import { login } from './login.ts';
import { areOfDemo } from './of-demo.ts';
import { refresh } from './refresh.ts';
import { isDemoToken } from './refresh-token.ts';

/** Answers a request of the demo user; null when it is somebody else's. */
type DemoAnswer = (c: RequestContext, deps: Deps) => Promise<Response | null>;

/**
 * Everything that the demo user can do, by method and path. All other routes that need a session refuse the demo
 * user.
 */
const answers: Readonly<Record<string, DemoAnswer>> = {
  'POST /api/auth/login': async (c, deps) => {
    refuseForeignOrigin(c, deps);
    const body = await peekBody(c.req.raw, LoginRequest, { isOptional: false });
    if (body?.email.address !== demoEmail) return null;
    const { user, tokens } = await login(deps, { password: body.password, transport: body.transport });
    return answerTokens(c, 200, tokens, { user });
  },

  'POST /api/auth/refresh': async (c, deps) => {
    const originTrust = refuseForeignOrigin(c, deps);
    const body = await peekBody(c.req.raw, TokenRequest, { isOptional: true });
    const presented = body && presentedRefreshToken(c, deps, body.refreshToken, originTrust);
    if (!presented || !isDemoToken(presented.token)) return null;
    return answerTokens(c, 200, await refresh(deps, presented));
  },

  'POST /api/auth/logout': async (c, deps) => {
    const originTrust = refuseForeignOrigin(c, deps);
    const body = await peekBody(c.req.raw, TokenRequest, { isOptional: true });
    if (body === null) return null;
    const { tokens, areCookiesIgnored } = presentedTokens(c, deps, body.refreshToken, originTrust);
    // If a token of a real session came along, that session must end: the ordinary route also clears the demo's
    // cookies.
    if (!(await areOfDemo(deps, tokens))) return null;
    const areCookiesKept = areCookiesIgnored && !(await areOfDemo(deps, cookieTokens(c, deps)));
    return answerSignedOut(c, deps, { areCookiesKept });
  },

  'GET /api/auth/me': async (c, deps) => {
    const session = await callingDemo(c, deps, false);
    return session && c.json({ success: true, user: demoUser, session: toSession(session, deps.now) });
  },

  'GET /api/auth/sessions': async (c, deps) => {
    const session = await callingDemo(c, deps, false);
    return session && c.json({ success: true, sessions: [toSession(session, deps.now)] });
  },
};

/**
 * Answers a request of the demo user, where DEMO_MODE is on, before its route does: without the database and without
 * hashing, so that it never reaches a route that could change anything (DEM-02, DEM-03). Null for every other request,
 * which goes on to its route unchanged.
 */
export async function answerDemo(route: Route, c: RequestContext): Promise<Response | null> {
  const answer = answers[`${route.method} ${route.path}`] ?? pageAnswer(route) ?? refusal(route);
  return answer === null ? null : answer(c, requireDeps(c));
}

/** Refuses the demo user on a route that needs an access token; null where a route needs none. */
function refusal({ guard, method, medium }: Route): DemoAnswer | null {
  // Lists the guards that need no access token, so that a guard added later is closed to the demo by default.
  if (['anyone', 'token-holder', 'identity-provider'].includes(guard)) return null;
  // Any other page shows its visitor that nobody is signed in: it takes the demo's token for none.
  if (medium === 'page') return null;
  return async (c, deps) => {
    if ((await callingDemo(c, deps, method !== 'GET')) === null) return null;
    throw demoErrors.demo_readonly();
  };
}

/** Returns the demo session of the access token that counts on this request, by the rules for every caller. */
async function callingDemo(c: RequestContext, deps: Deps, isUnsafe: boolean): Promise<DemoSession | null> {
  const token = presentedAccessToken(c, deps, isUnsafe);
  return token === null ? null : verifyDemoAccessToken(deps, token);
}

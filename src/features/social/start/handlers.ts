import { commonErrors } from '../../../errors.ts';
import { deviceCookieName, trustedDeviceCookieName } from '../../../http/auth-cookies.ts';
import { readCookie } from '../../../http/cookies.ts';
import { readQuery } from '../../../http/query.ts';
import type { Handler } from '../../../http/route.ts';
import { redirectTarget } from '../../../request/redirect-target.ts';
import { answerFailed } from '../callback/answer-completed.ts';
import { configuredProviders } from '../providers/configured-providers.ts';
import { findProvider } from '../providers/find-provider.ts';
import { StartQuery } from '../schemas.ts';
import { setVisitCookie } from '../visit/answer-visit.ts';
import { beginVisit } from '../visit/begin-visit.ts';

export const providersHandler: Handler<'anyone'> = {
  answer: (c, { deps }) => {
    const { usable } = configuredProviders(deps.config);
    return c.json({ success: true, providers: usable.map(({ id, name }) => ({ id, name })) });
  },
};

export const startHandler: Handler<'anyone'> = {
  answer: async (c, { deps }) => {
    const provider = findProvider(deps.config, c.req.param('provider') ?? '');
    const { redirectTo: asked, codeChallenge, loginHint } = readQuery(c, StartQuery);
    const redirectTo = checkedTarget(
      redirectTarget(deps.config, asked, { isForApp: codeChallenge !== undefined }),
    );
    const cookies = c.req.raw.headers.get('Cookie');
    const devices = provider.responseMode === 'form_post' ? presentedDevices(cookies) : undefined;
    const purpose =
      codeChallenge === undefined
        ? ({ kind: 'sign_in' } as const)
        : ({ kind: 'sign_in_app', codeChallenge } as const);
    try {
      const visit = { provider, purpose, redirectTo, loginHint, devices };
      const { url, sealedVisit } = await beginVisit(deps, visit);
      const response = new Response(null, { status: 302, headers: { Location: url } });
      setVisitCookie(response.headers, sealedVisit, provider.responseMode, cookies);
      return response;
    } catch (error) {
      // A person follows this by a link.
      return answerFailed(redirectTo, error, deps);
    }
  },
};

/**
 * The target, which was checked: null for one that is refused.
 * @throws AuthError validation_failed
 */
export function checkedTarget(target: string | null): string {
  if (target !== null) return target;
  const message =
    'This must be a path of this service, a URL of a listed origin or, with codeChallenge, one of APP_REDIRECTS.';
  throw commonErrors.validation_failed({ errors: [{ pointer: '/redirectTo', code: 'invalid', message }] });
}

/** Longer ones are not ours, and would make a cookie that browsers drop. */
const tokenLengthMax = 640;

function presentedDevices(cookies: string | null) {
  const [known, trusted] = [deviceCookieName, trustedDeviceCookieName].map((name) => {
    const token = readCookie(cookies, name);
    return token === null || token.length > tokenLengthMax ? undefined : token;
  });
  return { ...(known !== undefined && { known }), ...(trusted !== undefined && { trusted }) };
}

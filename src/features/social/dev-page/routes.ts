import type { Deps } from '../../../deps.ts';
import { AuthError, commonErrors } from '../../../errors.ts';
import { clearAuthCookies } from '../../../http/auth-cookies.ts';
import type { RequestContext } from '../../../http/context.ts';
import { findCaller } from '../../../http/guard.ts';
import { defineDeveloperFormPage } from '../../../http/page-route.ts';
import { cookieTokens } from '../../../http/presented-tokens.ts';
import { type CallerIds, logout } from '../../sessions/index.ts';
import { unlinkProvider } from '../identities/unlink-provider.ts';
import { startLinking } from '../link/start-linking.ts';
import { logProviderFailure } from '../provider-failure.ts';
import { configuredProviders } from '../providers/configured-providers.ts';
import { findProvider } from '../providers/find-provider.ts';
import { startReauthentication } from '../reauthentication/start-reauthentication.ts';
import { setTransactionCookie } from '../transaction/answer-transaction.ts';
import { answerContinue, answerDevPage, devPagePath, type Refused } from './answer-dev-page.ts';
import { readPerson } from './read-person.ts';
import { broughtSentence, refusalSentence } from './refusal-sentence.ts';
import { DevPageForm } from './schemas.ts';

/** The page on which a developer tries to sign in with other providers, and to link and remove them. */
export const devPageRoutes = defineDeveloperFormPage(devPagePath, DevPageForm, {
  show: async (c, deps) => {
    const code = new URL(c.req.url).searchParams.get('error');
    const refused = code === null ? null : { status: 200, code, sentence: broughtSentence(code) };
    return answer(deps, await findCaller(c, deps, 'own'), refused);
  },

  receive: async (c, { deps, body, originTrust }) => {
    // The page is nobody's but this service's: what an application posts acts on no cookie.
    const isOwn = originTrust === 'own';
    if (body.action === 'sign_out') return isOwn ? signOut(c, deps) : seeOther();
    const caller = isOwn ? await findCaller(c, deps, originTrust) : null;
    try {
      if (caller === null) throw commonErrors.unauthenticated();
      return await act(c, deps, { caller, ...body });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      logProviderFailure(error, deps.metadata.requestId);
      const { code, spec } = error;
      return answer(deps, caller, { ...spec, code, sentence: refusalSentence(code) ?? spec.title });
    }
  },
});

type Act = Exclude<DevPageForm, { action: 'sign_out' }> & { readonly caller: CallerIds };

async function act(c: RequestContext, deps: Deps, { action, provider: id, caller }: Act): Promise<Response> {
  if (action === 'remove') {
    await unlinkProvider(deps, caller, id);
    return seeOther();
  }
  const provider = findProvider(deps.config, id);
  const visit = { provider, caller, redirectTo: new URL(devPagePath, deps.config.baseUrl).href };
  const start = action === 'link' ? startLinking : startReauthentication;
  const { url, transaction } = await start(deps, visit);
  const response = answerContinue(provider, url);
  setTransactionCookie(response.headers, transaction, provider.responseMode, c.req.raw.headers.get('Cookie'));
  return response;
}

/** By the refresh token too: a session outlives its access token. */
async function signOut(c: RequestContext, deps: Deps): Promise<Response> {
  await logout(deps, cookieTokens(c, deps));
  const response = seeOther();
  clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
  return response;
}

async function answer(deps: Deps, caller: CallerIds | null, refused: Refused | null): Promise<Response> {
  const person = caller === null ? null : await readPerson(deps, caller);
  return answerDevPage({ providers: configuredProviders(deps.config), person, refused });
}

/** Failures of the person's own; all others are told by the page of failures, and logged. */
function isRefusal(error: unknown): error is AuthError {
  return error instanceof AuthError && (error.spec.status < 500 || error.code === 'provider_error');
}

/** Shows the page anew, by GET, so that a reload posts nothing again. */
function seeOther(): Response {
  return new Response(null, { status: 303, headers: { Location: devPagePath } });
}

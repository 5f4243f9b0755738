import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../http/context.ts';
import type { Handler } from '../../http/route.ts';
import { redirectTarget } from '../../request/redirect-target.ts';
import { readPresentedDevice } from '../known-devices/index.ts';
import type { CallerIds } from '../sessions/index.ts';
import { answerSignIn } from '../sign-in/index.ts';
import { readTrustedDevice } from '../trusted-devices/index.ts';
import { exchangeCode } from './exchange/exchange-code.ts';
import { listIdentities } from './identities/list-identities.ts';
import { unlinkProvider } from './identities/unlink-provider.ts';
import { startLinking } from './link/start-linking.ts';
import { signInByIdToken } from './native/sign-in-by-id-token.ts';
import { findProvider } from './providers/find-provider.ts';
import { startReauthentication } from './reauthentication/start-reauthentication.ts';
import { IdTokenRequest, TokenExchangeRequest, VisitRequest } from './schemas.ts';
import { checkedTarget } from './start/handlers.ts';
import { setVisitCookie } from './visit/answer-visit.ts';

export const exchangeHandler: Handler<'anyone', typeof TokenExchangeRequest> = {
  body: TokenExchangeRequest,
  answer: async (c, { deps, body: { code, codeVerifier, trustedDeviceToken } }) => {
    const device = readPresentedDevice(c, deps);
    const trusted = readTrustedDevice(c, deps, trustedDeviceToken);
    const signIn = await exchangeCode(deps, { code, codeVerifier, transport: 'body', device, trusted });
    return answerSignIn(c, 200, signIn);
  },
};

export const idTokenHandler: Handler<'anyone', typeof IdTokenRequest> = {
  body: IdTokenRequest,
  answer: async (c, { deps, body: { trustedDeviceToken, transport, ...presented } }) => {
    const provider = findProvider(deps.config, c.req.param('provider') ?? '');
    const device = readPresentedDevice(c, deps);
    const trusted = readTrustedDevice(c, deps, trustedDeviceToken);
    const settings = { transport, device, trusted };
    return answerSignIn(c, 200, await signInByIdToken(deps, { provider, settings, ...presented }));
  },
};

export const linkHandler: Handler<'session', typeof VisitRequest> = {
  body: VisitRequest,
  answer: (c, { deps, caller, body }) => answerVisit(c, deps, { caller, ...body }, startLinking),
};

export const reauthenticateHandler: Handler<'session', typeof VisitRequest> = {
  body: VisitRequest,
  answer: (c, { deps, caller, body }) => answerVisit(c, deps, { caller, ...body }, startReauthentication),
};

export const listHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) =>
    c.json({ success: true, identities: await listIdentities(deps, caller) }),
};

export const unlinkHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) => {
    await unlinkProvider(deps, caller, pathProvider(c));
    return c.json({ success: true, message: 'Sign-in removed' });
  },
};

/** The provider of the path, configured or not; an empty one for a text that none can have. */
function pathProvider(c: RequestContext): string {
  const id = c.req.param('provider') ?? '';
  return /^[a-z0-9_-]{1,50}$/.test(id) ? id : '';
}

/** Begins a visit, and answers where the browser has to go. Its cookie is set here: the visit is of the browser that asked. */
async function answerVisit(
  c: RequestContext,
  deps: Deps,
  { caller, redirectTo: asked }: { readonly caller: CallerIds; readonly redirectTo?: string | undefined },
  start: typeof startLinking,
): Promise<Response> {
  const provider = findProvider(deps.config, c.req.param('provider') ?? '');
  const redirectTo = checkedTarget(redirectTarget(deps.config, asked, { isForApp: false }));
  const { url, sealedVisit } = await start(deps, { provider, caller, redirectTo });
  const response = c.json({ success: true, url });
  setVisitCookie(response.headers, sealedVisit, provider.responseMode, c.req.raw.headers.get('Cookie'));
  return response;
}

import type { RequestContext } from '../../http/context.ts';
import { defineRoute } from '../../http/route.ts';
import { redirectTarget } from '../../redirect-target.ts';
import { readPresentedDevice } from '../known-devices/index.ts';
import { answerSignIn } from '../sign-in/index.ts';
import { readTrustedDevice } from '../trusted-devices/index.ts';
import { callbackRoutes } from './callback/routes.ts';
import { exchangeCode } from './exchange/exchange-code.ts';
import { listIdentities } from './identities/list-identities.ts';
import { unlinkProvider } from './identities/unlink-provider.ts';
import { startLinking } from './link/start-linking.ts';
import { signInByIdToken } from './native/sign-in-by-id-token.ts';
import { findProvider } from './providers/find-provider.ts';
import type { Provider } from './providers/provider.ts';
import { startReauthentication } from './reauthentication/start-reauthentication.ts';
import { IdTokenRequest, TokenExchangeRequest, VisitRequest } from './schemas.ts';
import { checkedTarget, startRoutes } from './start/routes.ts';
import { setTransactionCookie } from './transaction/answer-transaction.ts';
import type { BegunVisit } from './transaction/begin-transaction.ts';

const exchangeRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/oauth/token',
    guard: 'anyone',
    limit: 'credential',
    body: TokenExchangeRequest,
  },
  async (c, { deps, body: { code, codeVerifier, trustedDeviceToken } }) => {
    const device = readPresentedDevice(c, deps);
    const trusted = readTrustedDevice(c, deps, trustedDeviceToken);
    const signIn = await exchangeCode(deps, { code, codeVerifier, transport: 'body', device, trusted });
    return answerSignIn(c, 200, signIn);
  },
);

const idTokenRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/oauth/:provider/id-token',
    guard: 'anyone',
    limit: 'credential',
    body: IdTokenRequest,
  },
  async (c, { deps, body: { trustedDeviceToken, transport, ...presented } }) => {
    const provider = findProvider(deps.config, c.req.param('provider') ?? '');
    const device = readPresentedDevice(c, deps);
    const trusted = readTrustedDevice(c, deps, trustedDeviceToken);
    const settings = { transport, device, trusted };
    return answerSignIn(c, 200, await signInByIdToken(deps, { provider, settings, ...presented }));
  },
);

const linkRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/oauth/:provider/link',
    guard: 'session',
    isSensitive: true,
    body: VisitRequest,
    isBodyOptional: true,
  },
  async (c, { deps, caller, body }) => {
    const provider = findProvider(deps.config, c.req.param('provider') ?? '');
    const redirectTo = checkedTarget(redirectTarget(deps.config, body.redirectTo, { isForApp: false }));
    return answerVisit(c, provider, await startLinking(deps, { provider, caller, redirectTo }));
  },
);

const reauthenticateRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/oauth/:provider/reauthenticate',
    guard: 'session',
    body: VisitRequest,
    isBodyOptional: true,
  },
  async (c, { deps, caller, body }) => {
    const provider = findProvider(deps.config, c.req.param('provider') ?? '');
    const redirectTo = checkedTarget(redirectTarget(deps.config, body.redirectTo, { isForApp: false }));
    return answerVisit(c, provider, await startReauthentication(deps, { provider, caller, redirectTo }));
  },
);

const listRoute = defineRoute(
  { method: 'GET', path: '/api/auth/identities', guard: 'session' },
  async (c, { deps, caller }) => c.json({ success: true, identities: await listIdentities(deps, caller) }),
);

const unlinkRoute = defineRoute(
  { method: 'DELETE', path: '/api/auth/identities/:provider', guard: 'session', isSensitive: true },
  async (c, { deps, caller }) => {
    await unlinkProvider(deps, caller, pathProvider(c));
    return c.json({ success: true, message: 'Sign-in removed' });
  },
);

/** The provider of the path, configured or not; an empty one for a text that none can have. */
function pathProvider(c: RequestContext): string {
  const id = c.req.param('provider') ?? '';
  return /^[a-z0-9_-]{1,50}$/.test(id) ? id : '';
}

/** Answers where the browser has to go. Its cookie is set here: the visit belongs to the browser that asked. */
function answerVisit(
  c: RequestContext,
  { responseMode }: Provider,
  { url, transaction }: BegunVisit,
): Response {
  const response = c.json({ success: true, url });
  setTransactionCookie(response.headers, transaction, responseMode, c.req.raw.headers.get('Cookie'));
  return response;
}

export const routes = [
  exchangeRoute,
  ...startRoutes,
  ...callbackRoutes,
  idTokenRoute,
  linkRoute,
  reauthenticateRoute,
  listRoute,
  unlinkRoute,
];

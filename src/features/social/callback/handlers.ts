import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import type { RequestContext } from '../../../http/context.ts';
import { readFormBody } from '../../../http/form-body.ts';
import { findCaller } from '../../../http/guard.ts';
import type { Handler } from '../../../http/route.ts';
import { redirectTarget } from '../../../request/redirect-target.ts';
import { deviceOfToken, readPresentedDevice } from '../../known-devices/index.ts';
import { readOneTimeToken } from '../../one-time-tokens/index.ts';
import { readTrustedDevice } from '../../trusted-devices/index.ts';
import { findProvider } from '../providers/find-provider.ts';
import { clearVisitCookie, readVisitCookie } from '../visit/answer-visit.ts';
import { openVisit, type Visit } from '../visit/visit.ts';
import { answerCompleted, answerFailed } from './answer-completed.ts';
import { callbackParameters } from './callback-parameters.ts';
import { completeVisit } from './complete-visit.ts';

export const byLinkHandler: Handler<'identity-provider'> = {
  answer: async (c, { deps }) => {
    // A look at the headers must not end the visit (CSR-07).
    if (c.req.method === 'HEAD') throw commonErrors.method_not_allowed({ headers: { Allow: 'GET, POST' } });
    return endVisit(c, deps, null);
  },
};

export const byFormHandler: Handler<'identity-provider'> = {
  answer: async (c, { deps }) => endVisit(c, deps, await readFormBody(c.req.raw)),
};

async function endVisit(
  c: RequestContext,
  deps: Deps,
  fields: Readonly<Record<string, string>> | null,
): Promise<Response> {
  const provider = findProvider(deps.config, c.req.param('provider') ?? '');
  const { state, parameters, form } = callbackParameters(new URL(c.req.url).searchParams, fields);
  const isOurs = readOneTimeToken(deps.keyring, ['oauth_state'], state) !== null;
  const visit = isOurs ? await presentedVisit(c, deps, state) : null;
  const redirectTo = visit?.redirectTo ?? defaultTarget(deps);
  const caller = await findCaller(c, deps, 'own');
  const devices = presentedDevices(c, deps, visit);
  const arrival = { provider, state, visit, parameters, form, caller, ...devices };
  const response = await completeVisit(deps, arrival).then(
    (completed) => answerCompleted(redirectTo, completed, deps),
    (error: unknown) => answerFailed(redirectTo, error, deps),
  );
  if (isOurs) clearVisitCookie(response.headers, state);
  return response;
}

async function presentedVisit(c: RequestContext, deps: Deps, state: string): Promise<Visit | null> {
  const sealed = readVisitCookie(c.req.raw.headers.get('Cookie'), state);
  return sealed === null ? null : openVisit(deps.keyring, sealed, deps.now());
}

/** The device: as it was when the visit began, where the provider's form keeps its cookies from coming along. */
function presentedDevices(c: RequestContext, deps: Deps, visit: Visit | null) {
  const { known, trusted } = visit?.devices ?? {};
  return {
    device: known === undefined ? readPresentedDevice(c, deps) : deviceOfToken(deps.keyring, known),
    trusted: readTrustedDevice(c, deps, trusted),
  };
}

function defaultTarget({ config }: Deps): string {
  return redirectTarget(config, undefined, { isForApp: false }) ?? config.baseUrl;
}

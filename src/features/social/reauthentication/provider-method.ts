import type { Deps } from '../../../deps.ts';
import type { Departing, ReauthenticationMethod, Way } from '../../../joints/reauthentication.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { listIdentities } from '../identities/list-identities.ts';
import { configuredProviders } from '../providers/configured-providers.ts';
import { findProvider } from '../providers/find-provider.ts';
import { silentProviders } from '../providers/provider.ts';
import { setVisitCookie } from '../visit/answer-visit.ts';
import { hasReturningIdentity } from './has-returning-identity.sql.ts';
import { startReauthentication } from './start-reauthentication.ts';

/** A visit to a provider of the account, by a route of its own. */
export const providerReauthentication: ReauthenticationMethod<Deps> = {
  name: 'oauth',
  member: null,
  isUsable: hasReturningIdentity,
  ways: returningProviders,
  begin: beginVisit,
};

/** The providers of the account that tell when somebody authenticated there. Round trips: 1. */
async function returningProviders(deps: Deps, caller: CallerIds): Promise<Way[]> {
  const linked = new Set((await listIdentities(deps, caller)).map(({ provider }) => provider));
  const { usable } = configuredProviders(deps.config);
  return usable.filter(({ id }) => linked.has(id) && !silentProviders.includes(id));
}

async function beginVisit(deps: Deps, caller: CallerIds, id: string, redirectTo: string): Promise<Departing> {
  const provider = findProvider(deps.config, id);
  const { url, sealedVisit } = await startReauthentication(deps, { provider, caller, redirectTo });
  return {
    url,
    name: provider.name,
    setCookies: (headers, cookies) => setVisitCookie(headers, sealedVisit, provider.responseMode, cookies),
  };
}

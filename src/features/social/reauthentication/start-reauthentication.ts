import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import { socialErrors } from '../errors.ts';
import { findVisitingCaller } from '../link/link-to-caller.sql.ts';
import type { OwnVisit } from '../link/start-linking.ts';
import { silentProviders } from '../providers/provider.ts';
import { type BegunVisit, beginVisit } from '../visit/begin-visit.ts';

/**
 * Begins to authenticate the caller again at a provider of the account. The new tokens come as cookies, with the browser.
 * Round trips: 1.
 * @throws AuthError unauthenticated, identity_not_found, provider_cannot_reauthenticate, session_not_by_cookie, provider_error
 */
export async function startReauthentication(
  deps: Deps,
  { provider, caller, redirectTo }: OwnVisit,
): Promise<BegunVisit> {
  if (silentProviders.includes(provider.id)) throw socialErrors.provider_cannot_reauthenticate();
  const row = await findVisitingCaller(deps.db, caller, provider.id, null);
  if (row === null) throw commonErrors.unauthenticated();
  if (!row.is_linked) throw socialErrors.identity_not_found();
  if (!row.has_cookies) throw socialErrors.session_not_by_cookie();
  const { userId, sessionId } = caller;
  const purpose = {
    kind: 'reauthenticate',
    caller: { userId, sessionId, closingNumber: row.closing_number },
  } as const;
  return beginVisit(deps, { provider, redirectTo, purpose });
}

import type { Deps } from '../../../deps.ts';
import type { IssuedTokens } from '../../../joints/issued-tokens.ts';
import { issueRenewedTokens, sessionErrors } from '../../sessions/index.ts';
import { socialErrors } from '../errors.ts';
import { presentedIdentity } from '../identities/presented-identity.ts';
import type { OwnReturn } from '../link/link-by-profile.ts';
import { renewByIdentity } from './renew-by-identity.sql.ts';

/** Somebody who came back from the provider of the account. */
interface RenewalInput extends OwnReturn {
  /** When the visit began, in seconds since the epoch. */
  readonly startedAt: number;
}

/** How far the clock of the provider may be behind, in seconds. */
const clockToleranceSeconds = 60;

/**
 * Makes the session recent, and gives it a new id, if the provider says that it has authenticated the user since the visit
 * began. What it does not say was not done. Round trips: 1.
 * @throws AuthError reauthentication_required when the provider does not say so
 * @throws AuthError transaction_invalid when the state was used before, the session has ended, something was closed since, or
 *   it is somebody else
 */
export async function renewByProfile(
  deps: Deps,
  { provider, profile, consumed, caller, startedAt }: RenewalInput,
): Promise<IssuedTokens> {
  const { db, config, metadata } = deps;
  if (profile.authTime === null || profile.authTime < startedAt - clockToleranceSeconds)
    throw sessionErrors.reauthentication_required();
  const renewal = {
    oldId: caller.sessionId,
    newId: crypto.randomUUID(),
    proved: { amr: ['fed'], isSecondFactor: false },
    idleTtlSeconds: config.session.idleTtlSeconds,
  };
  const identity = presentedIdentity(provider, profile);
  const row = await renewByIdentity(db, { caller, consumed, identity, renewal }, metadata);
  if (row === null) throw socialErrors.transaction_invalid();
  return issueRenewedTokens(deps, row);
}

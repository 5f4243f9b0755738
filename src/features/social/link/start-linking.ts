import type { Deps } from '../../../deps.ts';
import { passGates } from '../../../joints/gate.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { socialErrors } from '../errors.ts';
import type { Provider } from '../providers/provider.ts';
import { type BegunVisit, beginVisit } from '../visit/begin-visit.ts';
import { findVisitingCaller } from './link-to-caller.sql.ts';

/** A visit that belongs to a session. */
export interface OwnVisit {
  readonly provider: Provider;
  readonly caller: CallerIds;
  /** Checked. */
  readonly redirectTo: string;
}

/**
 * Begins to link a provider to the caller's account. Round trips: 1.
 * @throws AuthError unauthenticated, reauthentication_required, or the refusal of another gate
 * @throws AuthError identity_already_linked, provider_error
 */
export async function startLinking(
  deps: Deps,
  { provider, caller, redirectTo }: OwnVisit,
): Promise<BegunVisit> {
  const rules = await deps.loadRules();
  const row = await findVisitingCaller(deps.db, caller, provider.id, rules);
  const { is_linked: isLinked, closing_number: closingNumber, email } = passGates(rules, row);
  if (isLinked) throw socialErrors.identity_already_linked();
  const { userId, sessionId } = caller;
  const purpose = { kind: 'link', caller: { userId, sessionId, closingNumber }, email } as const;
  return beginVisit(deps, { provider, redirectTo, purpose });
}

import type { Deps } from '../../../deps.ts';
import { passGates } from '../../../joints/gate.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { socialErrors } from '../errors.ts';
import { configuredProviders } from '../providers/configured-providers.ts';
import { unlinkIdentity } from './own-identities.sql.ts';

/**
 * Takes the sign-in at a provider from the caller's account. Round trips: 1.
 * @throws AuthError unauthenticated, reauthentication_required, or the refusal of another gate
 * @throws AuthError identity_not_found, last_sign_in_method
 */
export async function unlinkProvider(deps: Deps, caller: CallerIds, providerId: string): Promise<void> {
  const { db, config, metadata, mail } = deps;
  const rules = await deps.loadRules();
  const { usable } = configuredProviders(config);
  const usableProviders = usable.map(({ id }) => id);
  const providerName = usable.find(({ id }) => id === providerId)?.name ?? providerId;
  const row = passGates(
    rules,
    await unlinkIdentity(db, { caller, providerId, providerName, usableProviders }, rules, metadata),
  );
  if (row.is_ended) return mail.sendSoon();
  throw row.is_linked ? socialErrors.last_sign_in_method() : socialErrors.identity_not_found();
}

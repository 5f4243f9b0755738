import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { listOwnIdentities } from './own-identities.sql.ts';

/** An identity as the API shows it. */
export interface Identity {
  /** The id of the provider. */
  readonly provider: string;
  /** What the provider said when it was linked; null where it vouched for none. */
  readonly email: string | null;
  /** ISO 8601, UTC. */
  readonly linkedAt: string;
}

/**
 * Lists the identities by which the caller can sign in. Round trips: 1.
 * @throws AuthError unauthenticated
 */
export async function listIdentities({ db }: Deps, caller: CallerIds): Promise<Identity[]> {
  const rows = await listOwnIdentities(db, caller);
  if (rows === null) throw commonErrors.unauthenticated();
  return rows.map(({ provider, email, created_at: createdAt }) => ({
    provider,
    email,
    linkedAt: createdAt.toISOString(),
  }));
}

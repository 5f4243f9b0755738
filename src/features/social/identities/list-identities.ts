import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { type Identity, listOwnIdentities } from './own-identities.sql.ts';

/**
 * Lists the identities by which the caller can sign in. Round trips: 1.
 * @throws AuthError unauthenticated
 */
export async function listIdentities({ db }: Deps, caller: CallerIds): Promise<Identity[]> {
  const rows = await listOwnIdentities(db, caller);
  if (rows === null) throw commonErrors.unauthenticated();
  return rows;
}

import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';
import type { CallerIds } from '../sessions/index.ts';
import { trustedDeviceErrors } from './errors.ts';
import { forgetTrustedDevice } from './own-trusted-devices.sql.ts';

/**
 * Ends the caller's trust in a device: its next sign-in is asked for the second factor. Sessions stay. Another user's id, an
 * unknown one and a malformed one, which is null, are not told apart (ENU-10).
 * @throws AuthError unauthenticated, trusted_device_not_found
 */
export async function forgetDevice(deps: Deps, caller: CallerIds, id: string | null): Promise<void> {
  const wasThere = await forgetTrustedDevice(deps.db, caller, id, deps.metadata);
  if (wasThere === null) throw commonErrors.unauthenticated();
  if (!wasThere) throw trustedDeviceErrors.trusted_device_not_found();
}

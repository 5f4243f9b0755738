import { rerunAfterRetry } from '../../db/rerun-after-retry.ts';
import type { Deps } from '../../deps.ts';
import { deviceTokenFor, type PresentedDevice } from '../known-devices/index.ts';
import { oneTimeTokenErrors, readOneTimeToken } from '../one-time-tokens/index.ts';
import { unlock } from './queries.ts';

/**
 * Lifts the lock of an account by the link in the mail about it: all its attempts start anew, on every device. Round
 * trips: 1; 0 for a link that is not ours.
 * @returns a token that makes the device known to the account, so that whoever locks it again does not lock this one
 * @throws AuthError token_invalid
 */
export async function unlockAccount(
  { db, metadata, keyring, effects }: Deps,
  { token, device }: { readonly token: string; readonly device: PresentedDevice },
): Promise<string> {
  const presented = readOneTimeToken(keyring, ['unlock'], token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  const consumedBy = crypto.randomUUID();
  const row = await rerunAfterRetry(db, () => unlock(db, presented, consumedBy, metadata, effects.unlocked));
  if (row === null) throw oneTimeTokenErrors.token_invalid();
  return deviceTokenFor(keyring, device, { userId: row.user_id, generation: row.device_generation });
}

import type { Deps } from '../../../deps.ts';
import { deviceTokenFor, type PresentedDevice } from '../../known-devices/index.ts';
import { oneTimeTokenErrors, readOneTimeToken } from '../../one-time-tokens/index.ts';
import { unlock } from './unlock.sql.ts';

/**
 * Unlocks an account by the unlock link of the mail about it: all its attempts are reset, on every device. Round
 * trips: 1; 0 for a forged link.
 * @returns a token that makes this device known to the account, so that whoever locks it again does not lock this
 * device
 * @throws AuthError token_invalid
 */
export async function unlockAccount(
  { db, metadata, keyring }: Deps,
  { token, device }: { readonly token: string; readonly device: PresentedDevice },
): Promise<string> {
  const presented = readOneTimeToken(keyring, ['unlock'], token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  const row = await unlock(db, presented, crypto.randomUUID(), metadata);
  if (row === null) throw oneTimeTokenErrors.token_invalid();
  return deviceTokenFor(keyring, device, { userId: row.user_id, generation: row.device_generation });
}

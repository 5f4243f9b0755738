import type { Deps } from '../../../deps.ts';
import { oneTimeTokenErrors, readOneTimeToken } from '../../one-time-tokens/index.ts';
import { cancelReset } from './cancel-reset.sql.ts';

/**
 * Stops an operator's reset by the link of the mail about it: two-factor stays as it is. Round trips: 1; 0 for a forged
 * link.
 * @throws AuthError token_invalid also when the reset has become effective or was cancelled
 */
export async function keepTwoFactor({ db, keyring, metadata }: Deps, token: string): Promise<void> {
  const presented = readOneTimeToken(keyring, ['keep_two_factor'], token);
  if (presented === null || !(await cancelReset(db, presented, metadata)))
    throw oneTimeTokenErrors.token_invalid();
}

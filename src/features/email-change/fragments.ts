import type { Effect } from '../../db/effects.ts';
import { revokeTokens, tryRevokeTokens } from '../one-time-tokens/index.ts';

/**
 * An effect that revokes an unconfirmed change of the address: it may come from the person against whom the account
 * is being secured (EML-08, LNK-05).
 */
export const revokePendingChange: Effect = (source) => revokeTokens(source, ['change_email'], null);

/**
 * Like `revokePendingChange`, for a statement that locks a session but not its user: it skips a change that another
 * statement has locked, since the two could wait for each other.
 */
export const tryRevokePendingChange: Effect = (source) => tryRevokeTokens(source, ['change_email']);

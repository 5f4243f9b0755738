import type { Effect } from '../../db/effects.ts';
import { voidFreeTokens, voidTokens } from '../one-time-tokens/index.ts';

/**
 * An effect that ends a change of address which nobody has confirmed yet: whoever asked for it may be the one against whom
 * the account is being made safe (SECURITY EML-08, LNK-05).
 */
export const voidPendingChange: Effect = (source) => voidTokens(source, ['change_email'], null);

/**
 * The same where the statement holds a session without its user: a change that another statement is at work on is left to
 * that one, since the two could wait for each other.
 */
export const voidFreeChange: Effect = (source) => voidFreeTokens(source, ['change_email']);

import type { Effect } from '../../db/effects.ts';
import { voidTokens } from '../one-time-tokens/index.ts';

/**
 * An effect that ends a change of address which nobody has confirmed yet: whoever asked for it may be the one against whom
 * the account is being made safe (SECURITY EML-08, LNK-05).
 */
export const voidPendingChange: Effect = (source) => voidTokens(source, ['change_email'], null);

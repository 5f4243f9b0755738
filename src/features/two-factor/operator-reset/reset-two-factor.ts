import type { Deps } from '../../../deps.ts';
import { createOneTimeToken } from '../../one-time-tokens/index.ts';
import { userErrors } from '../../users/index.ts';
import { twoFactorErrors } from '../errors.ts';
import { announceReset, findResetTarget } from './operator-reset.sql.ts';

/**
 * Announces that a user's second factor will be removed, for somebody who has lost it: it becomes effective
 * TWO_FACTOR_RESET_DELAY_HOURS later, at the first sign-in or clean-up after that. Until then the owner can stop it, by
 * the link of the mail about it or by a code. Asked for again it answers the same time and mails nobody. Round trips: 2; 1
 * while one waits.
 * @throws AuthError user_not_found, two_factor_not_enabled
 */
export async function resetTwoFactor(deps: Deps, userId: string): Promise<Date> {
  const { db, config, keyring, mail, metadata } = deps;
  const target = await findResetTarget(db, userId);
  if (target === null) throw userErrors.user_not_found();
  if (!target.is_enabled) throw twoFactorErrors.two_factor_not_enabled();
  if (target.effective_at !== null) return target.effective_at;

  const { resetDelayHours: delayHours } = config.twoFactor;
  const token = { ...createOneTimeToken(keyring, 'keep_two_factor'), ttlSeconds: delayHours * 3600 };
  const details = { delayHours, isByOperator: true };
  const prepared = await mail.prepareForEach('two_factor_reset_requested', token, target.addresses, details);
  const effectiveAt = await announceReset(db, userId, delayHours, { token, mail: prepared }, metadata);
  if (effectiveAt === null) throw twoFactorErrors.two_factor_not_enabled();
  mail.sendSoon();
  return effectiveAt;
}

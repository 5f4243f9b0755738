import type { Deps } from '../../../deps.ts';
import type { PresentedEmail } from '../../../presented-email.ts';
import { createOneTimeToken } from '../../one-time-tokens/index.ts';
import { isReservedEmail } from '../../users/index.ts';
import { issueResetToken } from './queries.ts';

/**
 * Mails the owner of the account a link for a new password, at the address that is stored (SECURITY EML-03). Nothing
 * else changes: sessions, password and earlier links stay (RST-04). An account without a password can get one this way.
 * Every address costs the same, whoever has it: unknown, banned, reserved, or one that has had its mails of the hour.
 * Round trips: 1.
 */
export async function requestPasswordReset(deps: Deps, email: PresentedEmail): Promise<void> {
  const { db, client, secrets, effects } = deps;
  const token = createOneTimeToken(secrets, 'reset_password');
  const recipients = isReservedEmail(email.address) ? [] : email.spellings;
  const mail = await deps.mail.prepare('reset_password', token, recipients);
  const budget = deps.mail.budget('reset', email.address);
  await issueResetToken(db, email, { token, mail, budget }, client, effects);
  deps.mail.sendSoon();
}

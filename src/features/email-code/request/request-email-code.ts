import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import { mailLimits } from '../../../mail/mail-limits.ts';
import { tooManyMails } from '../../../mail/too-many-mails.ts';
import { tooManyAttempts } from '../../../rate-limit/attempts.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { createEmailCode } from '../email-code.ts';
import { emailCodeErrors } from '../errors.ts';
import { type CodeAccount, findCodeAccount, queueEmailCode } from './queue-email-code.sql.ts';

/**
 * Mails a code to the verified address of the caller, by which this session can authenticate again: for an account that has
 * neither a password nor a second factor. Earlier codes of the account are void. Round trips: 2, since what a mail holds is
 * sealed for its recipient, whom the first one tells; 1 where no code is sent.
 * @throws AuthError unauthenticated
 * @throws AuthError email_code_unavailable
 * @throws AuthError rate_limited when the client is over its limit of mails
 * @throws AuthError too_many_attempts when the account is over its limit of codes
 */
export async function requestEmailCode(deps: Deps, caller: CallerIds): Promise<void> {
  const { db, keyring, mail, metadata } = deps;
  const rules = await deps.loadRules();
  const { client } = mail;
  const asked = { caller, client, secondFactors: rules.secondFactors };
  const { email } = requireRoom(await findCodeAccount(db, asked));
  const code = createEmailCode(keyring, caller);
  const prepared = await mail.prepare('reauthentication_code', code, [email]);
  const account = requireRoom(await queueEmailCode(db, { ...asked, code, mail: prepared }, metadata));
  // The address changed between the two, and the session was not the one that ended by it.
  if (account.email !== email) throw commonErrors.service_unavailable();
  mail.sendSoon();
}

/** Returns the account if a code may be sent to it. */
function requireRoom(account: CodeAccount | null): CodeAccount {
  if (account === null) throw commonErrors.unauthenticated();
  const detail = whatInstead(account);
  if (detail !== null) throw emailCodeErrors.email_code_unavailable({ detail });
  // The client's own count comes first: it tells nothing of the account.
  if (account.client_retry_seconds !== null) throw tooManyMails(account.client_retry_seconds);
  if (account.account_retry_seconds === null) return account;
  const limits = { max: mailLimits.perKind, windowSeconds: mailLimits.hourSeconds };
  throw tooManyAttempts(limits, Math.max(1, account.account_retry_seconds));
}

/** What an account does that has no code; null where it has one. */
function whatInstead({ asks_for_factor, has_password, is_verified }: CodeAccount): string | null {
  if (asks_for_factor) return 'Authenticate again by a code of the second factor.';
  if (has_password) return 'Authenticate again by the password.';
  return is_verified ? null : 'Verify the e-mail address first.';
}

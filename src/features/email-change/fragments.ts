import type { Effect } from '../../db/effects.ts';
import { sql } from '../../db/sql.ts';
import { queueNotice, toUser } from '../../mail/fragments.ts';
import type { NoticeKind } from '../../mail/mail-kind.ts';
import { formerEmails, revokeTokens, tryRevokeTokens } from '../one-time-tokens/index.ts';

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

/**
 * An effect that sends a notice to every former address that could still have been restored, by the tokens and the
 * address that existed when the statement began: the account may have been taken from its owner. `notifyOwner` sends
 * the one to the current address. It belongs to the statement that deletes the account, since `deleteTokens` runs
 * after that.
 */
export function notifyFormerAddresses(kind: NoticeKind): Effect {
  return (source, metadata) =>
    queueNotice(
      sql`(
        SELECT f.user_id, f.email, u.locale FROM (${formerEmails(source)}) f
        JOIN users u ON u.id = f.user_id WHERE f.email <> u.email)`,
      kind,
      metadata,
      kind === 'account_deleted' ? { ...toUser, userId: sql`NULL` } : toUser,
    );
}

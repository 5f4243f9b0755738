import type { Effect } from '../../db/effects.ts';
import { sql } from '../../db/sql.ts';
import { queueNotice, toUser } from '../../mail/fragments.ts';
import type { NoticeKind } from '../../mail/mail-kind.ts';
import { formerEmails, revokeTokens, tryRevokeTokens } from '../one-time-tokens/index.ts';

/**
 * An effect that ends a change of address which nobody has confirmed yet: whoever asked for it may be the one against whom
 * the account is being made safe (EML-08, LNK-05).
 */
export const revokePendingChange: Effect = (source) => revokeTokens(source, ['change_email'], null);

/**
 * The same where the statement holds a session without its user: a change that another statement is at work on is left to
 * that one, since the two could wait for each other.
 */
export const tryRevokePendingChange: Effect = (source) => tryRevokeTokens(source, ['change_email']);

/**
 * An effect that tells what happened to an account at every earlier address that could still have had it back, by the
 * tokens and the address that there were when the statement began: whoever has the account now may be the one who took it
 * away. The address that it has is left to `notifyOwner`. It belongs to the statement of the deletion: `deleteTokens` comes
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
      toUser,
    );
}

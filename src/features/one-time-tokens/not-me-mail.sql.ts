import { type Fragment, sql } from '../../db/sql.ts';
import { type MailBudget, queueMail } from '../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { recipientColumns } from '../users/index.ts';
import type { LinkMail } from './link-mail.ts';
import { issueToken, type TokenColumns } from './tokens.sql.ts';

/** What the mail lists, and of when and of which way in its link is: of now and of none where they are left out. */
interface NotMeOptions extends Pick<TokenColumns, 'disownedSince' | 'expiresAt' | 'method'> {
  readonly ended?: (userId: Fragment) => Fragment;
}

/**
 * A statement that mails a not-me link to the user in `concerned`, a sub-select with `user_id`, if the budget allows it, at the
 * address that the account had when it was read. By the link goes what was added to the account since the time that it is of,
 * by this very transaction as well.
 */
export function mailNotMeLink(
  concerned: Fragment,
  { mail, token }: LinkMail,
  budget: MailBudget,
  metadata: RequestMetadata,
  { ended, ...columns }: NotMeOptions = {},
): Fragment {
  const recipient = sql`SELECT ${recipientColumns(sql`u`)} FROM ${concerned} e JOIN users u ON u.id = e.user_id
      WHERE u.email = ANY (${mail.recipients}::text[])`;
  const queue = queueMail(recipient, mail, budget, metadata, ended && { ended });
  const issue = issueToken(sql`(SELECT * FROM queued WHERE outcome IS NULL)`, token, {
    ...{ ...columns, owner: sql`s.user_id`, email: sql`s.recipient` },
  });
  return sql`WITH queued AS (${queue} RETURNING *) ${issue}`;
}

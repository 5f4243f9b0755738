import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { asksForSecondFactor } from '../../../joints/ask-gates.sql.ts';
import type { SecondFactor } from '../../../joints/second-factor.ts';
import type { MailClient } from '../../../mail/mail-client.ts';
import type { PreparedMail } from '../../../mail/prepared-mail.ts';
import {
  clientHasRoom,
  fromMailQueuedNow,
  holdClient,
  queueMail,
  secondsUntilClientHasRoom,
  secondsUntilRecipientHasRoom,
} from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { endOldest, issueToken } from '../../one-time-tokens/index.ts';
import { type CallerIds, fromLiveSession, keepSession } from '../../sessions/index.ts';
import { lockUser, recipientColumns } from '../../users/index.ts';
import type { NewEmailCode } from '../email-code.ts';
import { hasEmailCode } from '../has-email-code.sql.ts';

/** Who asks for a code. */
export interface CodeRequest {
  readonly caller: CallerIds;
  readonly client: MailClient;
  readonly secondFactors: readonly SecondFactor[];
}

/** A code, and the mail that has it. */
export interface QueuedCode extends CodeRequest {
  readonly code: NewEmailCode;
  readonly mail: PreparedMail;
}

/** The account of a caller who asks for a code, and whether one may be sent. */
export interface CodeAccount {
  /** As it is stored. */
  readonly email: string;
  readonly asks_for_factor: boolean;
  readonly has_password: boolean;
  readonly is_verified: boolean;
  /** Seconds until the client may cause a mail; null: now. */
  readonly client_retry_seconds: number | null;
  /** Seconds until the account may have another code; null: now. */
  readonly account_retry_seconds: number | null;
}

/** Returns the caller's account. Round trips: 1. Null when the session is not live. */
export async function findCodeAccount(db: Database, asked: CodeRequest): Promise<CodeAccount | null> {
  const [account] = await db.query('find-code-account', codeAccount(asked, null), {
    isIdempotent: true,
  });
  return account ?? null;
}

/**
 * Queues the mail with the code and stores what the code is recognised by, in the place of every earlier one of the account,
 * if the account and the budgets still allow it; else it writes nothing. Round trips: 1. Returns the account as it is then;
 * null when the session is not live. A repeat after a lost response sends nothing twice.
 *
 * The client is held first. The user is held before the mail, so that two requests count one after the other, and a session
 * that ended meanwhile gets no code.
 */
export async function queueEmailCode(
  db: Database,
  asked: QueuedCode,
  metadata: RequestMetadata,
): Promise<CodeAccount | null> {
  const { caller, client, code, mail } = asked;
  const recipient = sql`
    SELECT s.* FROM (SELECT ${recipientColumns(sql`u`)} ${entitled(asked)}) s
    WHERE s.recipient = ANY (${mail.recipients}::text[])
      AND ${secondsUntilRecipientHasRoom(mail.kind, mail.id)} IS NULL`;
  const queued = sql`(SELECT m.user_id, m.recipient ${fromMailQueuedNow(mail)})`;
  const steps = {
    holdClient: holdClient(client),
    holdUser: lockUser(caller.userId),
    keepSession: keepSession(caller, sql`s.id`),
    queueMail: queueMail(recipient, mail, { client }, metadata),
    endEarlier: endOldest(queued, code.kind, 1),
    issueCode: issueToken(queued, code, { owner: sql`s.user_id`, email: sql`s.recipient` }),
    answer: codeAccount(asked, mail),
  };
  const { answer } = await db.batch('queue-email-code', steps, { isIdempotent: true });
  return answer[0] ?? null;
}

/** FROM and WHERE for the caller's session and user, `s` and `u`, if the account can have a code. */
function entitled({ caller, secondFactors }: CodeRequest): Fragment {
  return sql`${fromLiveSession(caller)} AND ${hasEmailCode(sql`u`)} AND NOT ${asksForSecondFactor(secondFactors, sql`u`)}`;
}

/** A `CodeAccount`. @param mail the one that counts in no budget: a repeat finds it queued */
function codeAccount(
  { caller, client, secondFactors }: CodeRequest,
  mail: PreparedMail | null,
): Fragment<CodeAccount> {
  const id = mail?.id ?? null;
  return sql`
    SELECT s.recipient AS email, s.asks_for_factor, s.has_password, s.is_proved AS is_verified,
      CASE WHEN NOT ${clientHasRoom(client, id)} THEN ${secondsUntilClientHasRoom(client)} END AS client_retry_seconds,
      ${secondsUntilRecipientHasRoom('reauthentication_code', id)} AS account_retry_seconds
    FROM (
      SELECT ${recipientColumns(sql`u`)}, ${asksForSecondFactor(secondFactors, sql`u`)} AS asks_for_factor,
        u.password_hash IS NOT NULL AS has_password, u.email_verified_at IS NOT NULL AS is_proved
      ${fromLiveSession(caller)}) s`;
}

import type { Database } from '../../db/client.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { type Credentials, closeWaysIn } from '../../joints/closing.ts';
import type { EventReason } from '../../joints/event-types.ts';
import { fromMailQueuedNow, queueMail, queueNotice } from '../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { claimOn } from '../addresses/index.ts';
import {
  consumedByUs,
  consumedNow,
  consumeToken,
  endLinksElsewhere,
  fromLiveToken,
  fromWaysBack,
  issueToken,
  type LinkMail,
  type PresentedOneTimeToken,
} from '../one-time-tokens/index.ts';
import { endedNow, recordEvents } from '../security-events/index.ts';
import {
  changeEmail,
  lockUserForUpdate,
  owners,
  recipientColumns,
  type StoredAddress,
} from '../users/index.ts';
import { unlessTaken } from './unless-taken.ts';

/** A link that can give an account an address back: of the mail about the change, or of one about a sign-in. */
export type WayBackToken = PresentedOneTimeToken & { readonly kind: 'revert_email' | 'not_me' };

/** Which way back a link is, where it is no ordinary one: see `issueWayBack`. */
type WayBackKind = 'corrected' | 'unverified' | 'final';

/** The account of such a link, and its way back. */
export interface FoundAccount {
  readonly user_id: string;
  /** The present address of the account. */
  readonly email: string;
  /** The address that it gets back, as it is stored. Null where a sign-in was disowned and there is no way back. */
  readonly target_email: string | null;
  readonly target_key: string | null;
  readonly way_back: WayBackKind | null;
  /** The address that replaced that one first. */
  readonly replaced_by: string;
}

export interface FoundWayBack extends FoundAccount {
  readonly target_email: string;
}

/** Whether the link leads back to an address. */
export function isOpen(account: FoundAccount): account is FoundWayBack {
  return account.target_email !== null;
}

/**
 * Returns the account of a link without consuming it. A not-me link gives the address back that its mail went to, if
 * the account has another one and that way back is still open. Round trips: 1. Null when the token cannot be consumed or
 * the account is banned or deleted.
 */
export async function findWayBack(db: Database, presented: WayBackToken): Promise<FoundAccount | null> {
  const statement = sql<FoundAccount>`
    SELECT u.id AS user_id, u.email, w.target_email, w.target_key, w.way_back, coalesce(w.replaced_by, u.email) AS replaced_by
    FROM (SELECT t.owner_id, t.email, t.token_hash ${fromLiveToken(presented)}) p JOIN users u ON u.id = p.owner_id
    LEFT JOIN LATERAL (
      SELECT t.target_email, t.target_key, t.way_back, ${replacingFirst()} AS replaced_by
      ${fromWaysBack(sql`u.id`)} AND ${isMeantBy(presented)}
      ORDER BY t.created_at LIMIT 1
    ) w ON ${isStillTheirs(presented)}
    WHERE u.banned_at IS NULL`;
  const [row] = await db.query('find-way-back', statement, { isIdempotent: true });
  return row ?? null;
}

/** Whether the revert link `t` of the user `u` is the one, or stands for the one, that the presented link `p` is about. */
function isMeantBy({ kind }: WayBackToken): Fragment {
  if (kind === 'revert_email') return sql`t.token_hash = p.token_hash`;
  return sql`t.target_email = p.email AND u.email <> p.email`;
}

/**
 * Whether the account `u` can have the address of the way back `w`: somebody else may have proved a corrected one, and
 * then a not-me link ends sessions and password alone.
 */
function isStillTheirs({ kind }: WayBackToken): Fragment {
  if (kind === 'revert_email') return sql`true`;
  return isToBeHad({ email: sql`lower(w.target_email)`, keys: sql`ARRAY[w.target_key]` }, sql`u.id`);
}

/** Whether the account can have the address that was its own. */
function isToBeHad(address: StoredAddress, userId: Fragment): Fragment {
  return sql`${claimOn(address, { selfId: userId, isMailboxProved: true, isReturning: true })} IN ('free', 'own')`;
}

/** The address that the account left first, after the one of the revert link `t`; null while it is the present one. */
function replacingFirst(): Fragment {
  return sql`(
          SELECT r.target_email FROM one_time_tokens r
          WHERE r.owner_id = t.owner_id AND r.kind = 'revert_email' AND r.created_at > t.created_at
            AND r.target_email <> t.target_email
          ORDER BY r.created_at LIMIT 1)`;
}

/** How an account gets an address back. */
export interface TakeBack {
  readonly presented: WayBackToken;
  readonly way: FoundWayBack;
  /** To the address that is back. */
  readonly reset: LinkMail;
  /** To the address that had replaced a corrected one, with the address key. */
  readonly lastWord: (LinkMail & { readonly email: string; readonly key: string }) | null;
}

/**
 * Gives an account the address back and ends every other way into it: all or nothing. What came after the link ends,
 * other ways back and not-me links included; what came before stays. A corrected address leaves the last word to the one
 * that had replaced it, and when that takes it, no link to another address is left. Round trips: 1. False when the link
 * was consumed, or the account banned or deleted, since it was read, and when somebody else has the address.
 *
 * The user is held first, so that the next statements see what others did until then: a login that was faster has a
 * session to end (SES-07).
 */
export async function giveAddressBack(
  db: Database,
  { presented, way, reset, lastWord }: TakeBack,
  metadata: RequestMetadata,
  credentials: readonly Credentials[],
): Promise<boolean> {
  const { target_email: target, target_key: targetKey } = way;
  const done = consumedByUs(presented, metadata.operationId);
  const once = consumedNow(presented, metadata.operationId);
  const earlier = earlierWayBack(presented, way);
  const steps = {
    holdUser: lockUserForUpdate(way.user_id),
    consume: consumeWayBack(presented, way, metadata),
    leaveLastWord: lastWord === null ? null : leaveLastWord(once, lastWord, metadata),
    tellLeftAddress: queueNotice(
      sql`SELECT ${recipientColumns(sql`u`)} FROM ${once} o JOIN users u ON u.id = o.user_id
        WHERE u.email <> ALL (${[target, ...(lastWord === null ? [] : [lastWord.email])]}::text[])`,
      'email_restored',
      'none',
      metadata,
    ),
    restore: changeEmail(
      sql`(SELECT o.user_id, ${target}::text AS target_email, ${targetKey}::text AS target_key FROM ${once} o)`,
    ),
    ...closeWaysIn(credentials, {
      ...{ occasion: 'email_reverted', owner: done, ownerOnce: once, actingSessionId: null, metadata },
      since: sql`(SELECT least(d.disowned_since, d.created_at, ${earlier}) FROM ${done} d)`,
      // Never by the time of an event, which whoever is in a session chooses: it would end the way back of the owner.
      issuedSince: sql`(SELECT least(d.created_at, ${earlier}) FROM ${done} d)`,
      disownedMethod: sql`(SELECT d.method FROM ${done} d)`,
      email: target,
      ownLinks: [reset, lastWord].flatMap((link) => (link === null ? [] : [link.token.hash])),
    }),
    endLinksElsewhere: way.way_back === 'final' ? endLinksElsewhere(done, target) : null,
    mailReset: queueMail(owners(once), reset.mail, 'none', metadata, { ended: endedNow(metadata) }),
    issueReset: issueToken(
      sql`(SELECT m.user_id, m.recipient ${fromMailQueuedNow(reset.mail)})`,
      reset.token,
      {
        ...{ owner: sql`s.user_id`, email: sql`s.recipient` },
      },
    ),
  };
  const results = await unlessTaken(() => db.batch('give-address-back', steps, { isIdempotent: true }));
  return results !== null && results.consume.length > 0;
}

/** Consumes the link while the address is free for the account, records that, and answers the same in a repeat. */
function consumeWayBack(presented: WayBackToken, way: FoundWayBack, metadata: RequestMetadata): Fragment {
  const { operationId } = metadata;
  const address = { email: sql`lower(${way.target_email}::text)`, keys: sql`ARRAY[${way.target_key}::text]` };
  const holder = sql`(
      SELECT u.id AS user_id FROM users u
      WHERE u.id = ${way.user_id}::uuid AND u.banned_at IS NULL AND ${isStillOpen(presented, way)}
        AND ${isToBeHad(address, sql`${way.user_id}::uuid`)})`;
  const reasons: EventReason<'user_updated'>[] =
    presented.kind === 'not_me' ? ['not_me', 'email_reverted'] : ['email_reverted'];
  const happened = sql`(
      SELECT c.user_id, NULL::uuid AS session_id, r.reason FROM consumed c, unnest(${reasons}::text[]) AS r (reason))`;
  return sql`
    WITH consumed AS (${consumeToken(holder, presented, operationId)}),
    recorded AS (${recordEvents(happened, { type: 'user_updated', outcome: 'success', hasSourceReason: true }, metadata)})
    SELECT c.user_id FROM consumed c UNION ALL SELECT d.user_id FROM ${consumedByUs(presented, operationId)} d`;
}

/** Whether a not-me link still has the way back that was found for it; a revert link is one itself. */
function isStillOpen({ kind }: WayBackToken, { target_email: target }: FoundWayBack): Fragment {
  if (kind === 'revert_email') return sql`true`;
  return sql`u.email <> ${target} AND EXISTS (SELECT ${fromWaysBack(sql`u.id`)} AND t.target_email = ${target})`;
}

/** When the way back of a not-me link began, where that was before its mail. */
function earlierWayBack({ kind }: WayBackToken, way: FoundWayBack): Fragment {
  if (kind === 'revert_email') return sql`NULL`;
  return sql`(SELECT min(t.created_at) ${fromWaysBack(sql`${way.user_id}::uuid`)} AND t.target_email = ${way.target_email})`;
}

/** Issues the link by which the address that had replaced a corrected one has the last word, and mails it there. */
function leaveLastWord(
  once: Fragment,
  { token, mail, email, key }: NonNullable<TakeBack['lastWord']>,
  metadata: RequestMetadata,
): Fragment {
  const issue = issueToken(once, token, {
    ...{ owner: sql`s.user_id`, email: sql`${email}`, target: sql`${email}` },
    ...{ targetKey: sql`${key}`, wayBack: sql`'final'` },
  });
  const recipient = sql`
      SELECT i.owner_id AS user_id, i.email AS recipient, NULL::text AS recipient_key, true AS is_verified, u.locale
      FROM issued i JOIN users u ON u.id = i.owner_id`;
  return sql`WITH issued AS (${issue}) ${queueMail(recipient, mail, 'none', metadata)}`;
}

import { type Fragment, sql } from '../../db/sql.ts';
import { hasLapsedSecondFactor, secondFactorMethods } from '../../joints/ask-gates.sql.ts';
import { holdRecipient } from '../../mail/queue-mail.sql.ts';
import { clearAttempts } from '../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { type LinkMail, mailNotMeLink } from '../one-time-tokens/index.ts';
import { type EventKind, recordEvents } from '../security-events/index.ts';
import {
  type BegunRow,
  begunColumns,
  begunNow,
  evictOldest,
  type Opening,
  verdict,
} from '../sessions/index.ts';
import { owners, type UserRow, userColumns } from '../users/index.ts';

/** A user, with the session that was begun for a proof, or what it leads to instead. */
export type SignedInRow = UserRow & BegunRow & SettledColumns;

/** What a proof led to: see `verdict`. The columns of the session are null unless it was begun. */
export type OpeningRow = UserRow &
  Record<keyof BegunRow, null> &
  SettledColumns & {
    readonly verdict: 'session' | 'challenge' | 'unverified' | 'refused';
    /** The methods of the second factors that the account asks for. */
    readonly methods: readonly string[];
  };

interface SettledColumns {
  readonly device_generation: number;
  /** Whether a second factor is not asked for any longer, and what belongs to it is to be ended. */
  readonly has_lapsed_factor: boolean;
}

/**
 * Select list for a `SignedInRow` or an `OpeningRow`, as the last step of a batch that began a session: over the user
 * `u`, and the session `s` by `joinBegun`.
 */
export function openingColumns(opening: Opening): Fragment {
  const { secondFactors } = opening;
  const u = sql`u`;
  return sql`${userColumns(u)}, u.device_generation, ${begunColumns(sql`s`)}, ${verdict(opening)} AS verdict,
    ${secondFactorMethods(secondFactors, u)} AS methods, ${hasLapsedSecondFactor(secondFactors, u)} AS has_lapsed_factor`;
}

/** FROM for `openingColumns`: the user `u`, and the session `s` where this batch, or an earlier run of it, began one. */
export function fromOpening({ session }: Opening): Fragment {
  return sql`FROM users u LEFT JOIN sessions s ON s.id = ${session.id}::uuid AND s.user_id = u.id`;
}

const sessionEvicted: EventKind = {
  type: 'authn_token_revoked',
  outcome: 'success',
  reason: 'session_cap',
};

/** How the record says that somebody signed in. */
export function signedIn({ proof }: Opening): EventKind {
  return {
    ...{ type: 'authn_login_success', outcome: 'success', method: proof.method },
    ...(proof.isSecondStep && { reason: 'second_factor' }),
  };
}

/**
 * A statement with what goes with a session that was begun: its record, the attempts of the bucket given back, if there is
 * one, and the end of the oldest session beyond the limit.
 */
export function settleSignIn(bucket: string | null, opening: Opening, metadata: RequestMetadata): Fragment {
  const begun = begunNow(opening.session);
  return sql`
    WITH recorded AS (${recordEvents(begun, signedIn(opening), metadata)}),
    ${bucket === null ? sql`` : sql`cleared AS (${clearAttempts(bucket, begun)}),`}
    evicted AS (${evictOldest(begun, opening.session.id)})
    ${recordEvents(sql`evicted`, sessionEvicted, metadata)}`;
}

/**
 * Steps that tell the owner of a sign-in on a device that the account does not know, with a link to report it.
 * @param isUserHeld whether the batch lets no other change the account meanwhile, nor count its mails
 */
export function tellNewDevice(
  link: LinkMail,
  { session, proof }: Opening,
  metadata: RequestMetadata,
  { isUserHeld = false } = {},
): Readonly<Record<string, Fragment | null>> {
  const begun = begunNow(session);
  return {
    holdRecipient: isUserHeld ? null : holdRecipient(owners(begun)),
    tellNewDevice: mailNotMeLink(begun, link, 'recipient', metadata, { method: sql`${proof.method}` }),
  };
}

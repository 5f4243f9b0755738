import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { passesGates, refusedBy } from '../../../joints/ask-gates.sql.ts';
import type { GatedRow, GateRules } from '../../../joints/gate.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type LinkMail, mailNotMeLink } from '../../one-time-tokens/index.ts';
import { type CallerIds, fromLiveSession, keepSession } from '../../sessions/index.ts';
import { lockUser } from '../../users/index.ts';
import type { ConsumedOnce } from '../entry/entry.ts';
import { consume, isConsumedHere } from '../entry/entry-steps.sql.ts';
import {
  identityAddedNow,
  type KeptToken,
  keepProviderToken,
  linkIdentity,
  type PresentedIdentity,
} from '../identities/identities.sql.ts';
import type { VisitingSession } from '../visit/visit.ts';

/** The caller, as one who wants to visit a provider. */
interface VisitingCaller extends GatedRow {
  /** Whether the account has an identity of this provider. */
  readonly is_linked: boolean;
  readonly has_cookies: boolean;
  readonly closing_number: number;
  readonly email: string;
}

/**
 * Finds out what the caller may visit a provider for. Round trips: 1. Null when the session is not live.
 * @param gateRules what must let the caller pass; null where nothing must
 */
export async function findVisitingCaller(
  db: Database,
  caller: CallerIds,
  providerId: string,
  gateRules: GateRules | null,
): Promise<VisitingCaller | null> {
  const refusal = gateRules === null ? sql`NULL::text[]` : refusedBy(gateRules);
  const [row] = await db.query<VisitingCaller>(
    'find-visiting-caller',
    sql`
      SELECT ${refusal} AS refused_by, s.cookie_counter IS NOT NULL AS has_cookies, u.closing_number, u.email::text AS email,
        EXISTS (SELECT FROM identities i WHERE i.user_id = s.user_id AND i.provider = ${providerId}) AS is_linked
      ${fromLiveSession(caller)}`,
    { isIdempotent: true },
  );
  return row ?? null;
}

/** FROM and WHERE as `fromLiveSession`: no row either where something was closed since the visit began (LNK-19). */
export function fromVisitingSession({ closingNumber, ...caller }: VisitingSession): Fragment {
  return sql`${fromLiveSession(caller)} AND u.closing_number = ${closingNumber}::int`;
}

/** An identity that the caller has shown to have. */
export interface Linking {
  readonly caller: VisitingSession;
  readonly consumed: ConsumedOnce;
  readonly identity: PresentedIdentity;
  readonly keptToken: KeptToken | null;
  /** That it was linked. */
  readonly notice: LinkMail;
}

/** What came of it. `refused_by` is null as well where the session has ended, or something was closed: then `is_live` is false. */
export interface LinkedRow extends GatedRow {
  readonly is_ours: boolean;
  readonly is_live: boolean;
  /** Whether the account has the identity now. */
  readonly is_linked: boolean;
  /** Whether it has another one of this provider. */
  readonly has_another: boolean;
}

/**
 * Uses the state up, and links the identity to the account of the session that began it, if that is still live, nothing
 * was closed since, and it passes the gates, and nobody else has the identity (LNK-04). The owner is told. Round trips: 1.
 */
export async function linkToCaller(
  db: Database,
  { caller, consumed, identity, keptToken, notice }: Linking,
  gateRules: GateRules,
  metadata: RequestMetadata,
): Promise<LinkedRow> {
  const ours = isConsumedHere(consumed, metadata);
  const owner = sql`SELECT s.user_id ${fromVisitingSession(caller)} AND ${passesGates(gateRules)} AND ${ours}`;
  const ofCaller = sql`FROM identities i WHERE i.user_id = ${caller.userId}::uuid`;
  const isIt = sql`i.subject = ${identity.subject} AND i.issuer = ANY (${identity.issuers}::text[])`;
  const { answer } = await db.batch(
    'link-identity',
    {
      holdUser: lockUser(caller.userId),
      keepSession: keepSession(caller, sql`s.id`),
      consume: consume(consumed, metadata),
      link: linkIdentity(owner, identity, metadata),
      keepToken: keptToken && keepProviderToken(identity, keptToken),
      tellOwner: mailNotMeLink(identityAddedNow(identity), notice, 'recipient', metadata),
      answer: sql<LinkedRow>`
        SELECT ${ours} AS is_ours, l.is_live IS NOT NULL AS is_live, l.refused_by,
          EXISTS (SELECT ${ofCaller} AND ${isIt}) AS is_linked,
          EXISTS (SELECT ${ofCaller} AND i.provider = ${identity.providerId} AND NOT (${isIt})) AS has_another
        FROM (VALUES (1)) AS one LEFT JOIN (
          SELECT true AS is_live, ${refusedBy(gateRules)} AS refused_by ${fromVisitingSession(caller)}
        ) l ON true`,
    },
    { isIdempotent: true },
  );
  const row = answer[0];
  if (row === undefined) throw new TypeError('an answer must always have one row');
  return row;
}

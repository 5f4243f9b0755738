import type { ExportPart } from '../../../db/export-part.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { isoTime } from '../../../db/texts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type EventKind, recordEvents } from '../../security-events/index.ts';
import { isOutOfRecovery } from '../../users/index.ts';

/** Longer than a challenge, or the code of an app and the challenge behind it, can wait. */
const heldTokenSeconds = 3600;

/** An identity as a provider presents it. */
export interface PresentedIdentity {
  /** UUID of its row, made before the first try, so that a repeat finds its own. */
  readonly newId: string;
  readonly providerId: string;
  /** As people know the provider. */
  readonly providerName: string;
  readonly issuer: string;
  /** Under which it may be stored: the issuer, and what stands for one where the legacy system knew none. */
  readonly issuers: readonly string[];
  readonly subject: string;
  /** Canonical, and verified by the provider; null else. */
  readonly email: string | null;
  /** Whether the provider is trusted to verify addresses. */
  readonly isEmailProved: boolean;
}

/** FROM and WHERE for the row of an identity, alias `i`. */
export function fromIdentity({ issuers, subject }: PresentedIdentity): Fragment {
  return sql`FROM identities i WHERE i.subject = ${subject} AND i.issuer = ANY (${issuers}::text[])`;
}

/** The identity that this very transaction added: a sub-select with `user_id` and `session_id`, which is null. */
export function identityAddedNow({ newId }: PresentedIdentity): Fragment {
  return sql`(
    SELECT i.user_id, NULL::uuid AS session_id FROM identities i WHERE i.id = ${newId}::uuid AND i.created_at = now())`;
}

/** The identity that this transaction, or an earlier run of it, added: a sub-select with `user_id`. */
export function identityAddedByUs({ newId }: PresentedIdentity, { operationId }: RequestMetadata): Fragment {
  return sql`(
    SELECT i.user_id FROM identities i WHERE i.id = ${newId}::uuid AND i.added_by = ${operationId}::uuid)`;
}

/**
 * A statement that notes that the identity of the user of `owner`, a SELECT of `user_id`, was used, under the issuer
 * that is known by now.
 */
export function noteIdentityUsed(owner: Fragment, identity: PresentedIdentity): Fragment {
  const { issuer, providerId } = identity;
  return sql`
    UPDATE identities n SET issuer = ${issuer}, last_used_at = now(),
      -- The id of a provider may be another by now.
      provider = CASE WHEN EXISTS (SELECT FROM identities o WHERE o.user_id = n.user_id AND o.provider = ${providerId})
        THEN n.provider ELSE ${providerId} END
    WHERE n.user_id = (${owner}) AND n.id = (
      SELECT i.id ${fromIdentity(identity)} AND i.user_id = n.user_id ORDER BY i.issuer = ${issuer} DESC LIMIT 1)`;
}

/**
 * Body of a CTE that adds the identity to the users of `owner`, a SELECT of `user_id`, and returns `id`, `user_id` and
 * `provider`: no row where somebody has it, or the account has another one of this provider. Hold the user first.
 */
export function insertIdentity(
  owner: Fragment,
  { newId, providerId, issuer, subject, email, isEmailProved }: PresentedIdentity,
  { operationId }: RequestMetadata,
): Fragment {
  return sql`
    INSERT INTO identities (id, user_id, provider, issuer, subject, email, is_email_proved, last_used_at, added_by)
    SELECT ${newId}::uuid, o.user_id, ${providerId}, ${issuer}, ${subject}, ${email}::text, ${isEmailProved}::boolean,
      now(), ${operationId}::uuid
    FROM (${owner}) o
    ON CONFLICT DO NOTHING
    RETURNING id, user_id, provider`;
}

/** How the record says that an identity was added. */
export function identityLinked({ providerId: method }: PresentedIdentity): EventKind {
  return { type: 'user_updated', outcome: 'success', method, reason: 'identity_linked' };
}

/** A statement that adds the identity to the users of `owner`, a SELECT of `user_id`, and records that. */
export function linkIdentity(
  owner: Fragment,
  identity: PresentedIdentity,
  metadata: RequestMetadata,
): Fragment {
  return sql`
    WITH added AS (${insertIdentity(owner, identity, metadata)})
    ${recordEvents(sql`(SELECT a.user_id, NULL::uuid AS session_id FROM added a)`, identityLinked(identity), metadata)}`;
}

/**
 * Whether the address of the user `u` may link an identity: not while the account is being recovered, nor one that its owner
 * has disowned.
 */
export function isLinkable(u: Fragment, identity: PresentedIdentity): Fragment {
  return sql`(${isOutOfRecovery(u)} AND NOT ${isDisowned(u, identity)})`;
}

/** Whether the owner of the account `u` has disowned an identity: no address gives it anything of the account again. */
export function isDisowned(u: Fragment, { issuers, subject }: PresentedIdentity): Fragment {
  return sql`EXISTS (
      SELECT FROM disowned_identities n
      WHERE n.user_id = ${u}.id AND n.subject = ${subject} AND n.issuer = ANY (${issuers}::text[]))`;
}

/** A refresh token that is kept to be revoked, sealed for this row. */
export interface KeptToken {
  readonly id: string;
  /** To which the provider gave it. */
  readonly clientId: string;
  readonly sealed: string;
}

/** A statement that keeps the token of an identity, in place of an earlier one. */
export function keepProviderToken(identity: PresentedIdentity, token: KeptToken): Fragment {
  return keepTokenOf(sql`(SELECT i.id, i.provider ${fromIdentity(identity)} LIMIT 1)`, token);
}

/**
 * A statement that keeps the token of the identity in `source`, a sub-select or CTE with `id` and `provider`, in place
 * of an earlier one.
 */
export function keepTokenOf(source: Fragment, { id, clientId, sealed }: KeptToken): Fragment {
  return sql`
    INSERT INTO provider_tokens (id, identity_id, provider, client_id, sealed)
    SELECT ${id}::uuid, k.id, k.provider, ${clientId}::text, ${sealed}::text FROM ${source} k
    ON CONFLICT ON CONSTRAINT provider_tokens_identity_key
      DO UPDATE SET id = excluded.id, client_id = excluded.client_id, sealed = excluded.sealed, created_at = now()`;
}

/**
 * A statement that keeps the token of an identity that is not linked yet: without one by then, the clean-up revokes it.
 * @param owner a SELECT that is empty where nothing waits
 */
export function holdProviderToken(
  owner: Fragment,
  { providerId }: PresentedIdentity,
  { id, clientId, sealed }: KeptToken,
): Fragment {
  return sql`
    INSERT INTO provider_tokens (id, provider, client_id, sealed, due_at)
    SELECT ${id}::uuid, ${providerId}, ${clientId}::text, ${sealed}::text, now() + make_interval(secs => ${heldTokenSeconds}::int)
    FROM (${owner}) o ON CONFLICT (id) DO NOTHING`;
}

/** A statement that gives that token to the identity that this transaction linked. */
export function useHeldToken(identity: PresentedIdentity, tokenId: string): Fragment {
  return sql`
    UPDATE provider_tokens t SET identity_id = ${identity.newId}::uuid
    WHERE t.id = ${tokenId}::uuid AND t.identity_id IS NULL AND EXISTS (SELECT FROM ${identityAddedNow(identity)} a)`;
}

/** A user's identities at other providers. Tokens of providers are not exported. */
export const exportedIdentities: ExportPart = {
  name: 'identities',
  value: (owner) => sql`ARRAY(
    SELECT json_build_object('provider', i.provider, 'issuer', i.issuer, 'subject', i.subject, 'email', i.email,
        'linkedAt', ${isoTime(sql`i.created_at`)}, 'lastUsedAt', ${isoTime(sql`i.last_used_at`)})
    FROM identities i WHERE i.user_id = ${owner}.user_id ORDER BY i.created_at, i.id)`,
};

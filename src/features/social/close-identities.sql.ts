import { presentedEmail } from '../../address/presented-email.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import type { Cells, ClosingScope, Credentials, Ending } from '../../joints/closing.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { recordEnded } from '../security-events/index.ts';
import { dropLegacyIdentity } from '../users/index.ts';

const identity: Cells = {
  // Whoever reads the mailbox keeps what stands for that mailbox, and nothing that somebody else may have added.
  password_reset: 'elsewhere',
  // What an intruder linked or signed in by, and what they may hold at a provider that does not vouch for this address.
  recovery_completed: 'disowned',
  not_me: 'disowned',
  email_reverted: 'disowned',
  taken_over: 'ended',
  // It takes a session of the account, or its password.
  first_verified: 'kept',
  email_changed: 'kept',
  password_changed: 'kept',
  signed_out_by_owner: 'kept',
  signed_out_by_operator: 'kept',
  token_reused: 'kept',
  two_factor_enabled: 'kept',
  two_factor_disabled: 'kept',
  two_factor_reset: 'kept',
  // It may be the owner's: the recovery keeps everybody from the gates.
  second_factor_guessed: 'kept',
  identity_unlinked: 'chosen',
  banned: 'kept',
  account_deleted: 'ended',
};

/** What people call them; the id of a configured one is the operator's word for it. */
const knownNames = { google: 'Google', github: 'GitHub', microsoft: 'Microsoft', apple: 'Apple' };

/** Identities at other providers. The tokens of their providers are revoked once they are gone. */
export const identityCredentials: Credentials<'identity'> = {
  step: 'endIdentities',
  cells: { identity },
  close: closeIdentities,
};

/** Once alone: in a repeat it would end what was added in the same request. */
function closeIdentities(ending: Ending<'identity'>, scope: ClosingScope): Fragment {
  const { ownerOnce: owner, since, disownedMethod, email = '' } = scope;
  const isElsewhere = sql`NOT (i.is_email_proved AND lower(i.email) = ANY (${spellingsOf(email)}::text[]))`;
  const told = { metadata: scope.metadata };
  if (ending.elsewhere.length > 0) return endIdentities(isElsewhere, owner, told);
  if (ending.disowned.length === 0) return endIdentities(sql`true`, owner, told);
  const isLater = sql`i.created_at >= ${since ?? sql`NULL`}::timestamptz`;
  const isDisowned =
    disownedMethod === undefined ? sql`false` : sql`coalesce(i.provider = ${disownedMethod}, false)`;
  return endIdentities(sql`(${isLater} OR ${isElsewhere} OR ${isDisowned})`, owner, {
    ...told,
    isRemembered: true,
  });
}

/** What a provider vouches for is canonical; an account of the legacy system may have another spelling of it. */
function spellingsOf(email: string): readonly string[] {
  return presentedEmail.safeParse(email).data?.spellings ?? [email.toLowerCase()];
}

/**
 * A statement that ends identities of the users in `owner`, a sub-select with `user_id`, together with what the earlier
 * system stored of them.
 * @param isEnded a condition over the identity `i` and its user `u`
 */
export function endIdentities(
  isEnded: Fragment,
  owner: Fragment,
  {
    metadata,
    isRemembered = false,
  }: {
    /** Of a closing, which records each; absent where the flow does. */ readonly metadata?: RequestMetadata;
    /** Whether their address shall link none of them to the account again. */ readonly isRemembered?: boolean;
  } = {},
): Fragment {
  const recorded =
    metadata === undefined
      ? sql``
      : sql`, recorded AS (${recordEnded(sql`(SELECT n.user_id, jsonb_build_object('provider', coalesce(${JSON.stringify(knownNames)}::jsonb->>n.provider, n.provider)) AS about FROM ended n)`, 'identity', metadata)})`;
  const remembered = sql`,
    remembered AS (
      INSERT INTO disowned_identities (user_id, issuer, subject)
      SELECT e.user_id, e.issuer, e.subject FROM ended e ON CONFLICT DO NOTHING
    )`;
  return sql`
    WITH ended AS (
      DELETE FROM identities i USING ${owner} o JOIN users u ON u.id = o.user_id
      WHERE i.user_id = u.id AND ${isEnded}
      RETURNING i.user_id, i.provider, i.issuer, i.subject
    )${isRemembered ? remembered : sql``}${recorded}
    ${dropLegacyIdentity(sql`ended`)}`;
}

/** A statement that forgets what former owners of the accounts in `owner`, a sub-select with `user_id`, have disowned. */
export function forgetDisownedIdentities(owner: Fragment): Fragment {
  return sql`DELETE FROM disowned_identities d USING ${owner} o WHERE d.user_id = o.user_id`;
}

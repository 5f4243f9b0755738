import { type Fragment, sql } from '../../../db/sql.ts';
import type { Cells, ClosingScope, Credentials, Ending } from '../../../joints/closing.ts';
import { dropLegacyIdentity } from '../../users/index.ts';

const identity: Cells = {
  // Whoever reads the mailbox keeps what stands for that mailbox, and nothing that somebody else may have added.
  password_reset: 'elsewhere',
  not_me: 'since',
  email_reverted: 'since',
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
  // It may be by this that whoever guesses passes the first step.
  second_factor_guessed: 'ended',
  identity_unlinked: 'chosen',
  banned: 'kept',
  account_deleted: 'ended',
};

/** Identities at other providers. The tokens of their providers are revoked once they are gone. */
export const identityCredentials: Credentials<'identity'> = {
  step: 'endIdentities',
  cells: { identity },
  close: closeIdentities,
};

/** Once alone: in a repeat it would end what was added in the same request. */
function closeIdentities(ending: Ending<'identity'>, { ownerOnce: owner, since }: ClosingScope): Fragment {
  const isEnded =
    ending.elsewhere.length > 0
      ? sql`NOT (i.is_email_proved AND lower(i.email) = lower(u.email))`
      : ending.since.length > 0
        ? sql`i.created_at >= ${since ?? sql`NULL`}::timestamptz`
        : sql`true`;
  return endIdentities(isEnded, owner);
}

/**
 * A statement that ends identities of the users in `owner`, a sub-select with `user_id`, together with what the earlier
 * system stored of them.
 * @param isEnded a condition over the identity `i` and its user `u`
 */
export function endIdentities(isEnded: Fragment, owner: Fragment): Fragment {
  return sql`
    WITH ended AS (
      DELETE FROM identities i USING ${owner} o JOIN users u ON u.id = o.user_id
      WHERE i.user_id = u.id AND ${isEnded}
      RETURNING i.user_id, i.subject
    )
    ${dropLegacyIdentity(sql`ended`)}`;
}

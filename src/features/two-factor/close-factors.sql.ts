import { type Fragment, sql } from '../../db/sql.ts';
import type { Cells, ClosingScope, Credentials, Ending } from '../../joints/closing.ts';
import { recordEnded } from '../security-events/index.ts';
import { cancelTwoFactorReset, dropTwoFactor } from '../users/index.ts';

/** What holds for a second factor: whoever reads the mailbox or knows the password does not get rid of it (RST-03). */
export const factorCells: Cells = {
  password_reset: 'kept',
  recovery_completed: 'kept',
  // A thief who turned it on does not keep the owner out; one that replaced another goes on as that one (SES-21).
  not_me: 'since',
  email_reverted: 'since',
  taken_over: 'ended',
  first_verified: 'kept',
  email_changed: 'kept',
  password_changed: 'kept',
  signed_out_by_owner: 'kept',
  signed_out_by_operator: 'kept',
  token_reused: 'kept',
  two_factor_enabled: 'replaced',
  two_factor_disabled: 'ended',
  two_factor_reset: 'ended',
  second_factor_guessed: 'kept',
  identity_unlinked: 'kept',
  banned: 'kept',
  account_deleted: 'ended',
};

type FactorKind = 'totp' | 'backup_code' | 'factor_reset';

/**
 * The authenticator, its backup codes, and an operator's reset that waits for its time: somebody who is put out may have
 * asked for that.
 */
export const factorCredentials: Credentials<FactorKind> = {
  step: 'endFactors',
  cells: {
    totp: factorCells,
    backup_code: factorCells,
    factor_reset: { ...factorCells, not_me: 'ended', email_reverted: 'ended', two_factor_enabled: 'ended' },
  },
  close: closeFactors,
};

/**
 * Where no authenticator is left, its backup codes open nothing, and the account asks for none any longer. Once alone: in a
 * repeat it would end what the owner has turned on since.
 */
function closeFactors(
  ending: Ending<FactorKind>,
  { ownerOnce: owner, since, metadata }: ClosingScope,
): Fragment {
  const isFactorEnded = isEnded(ending, 'totp', sql`coalesce(f.held_since, f.created_at)`);
  const isCodeEnded = isEnded(ending, 'backup_code', sql`b.created_at`);
  const isResetEnded = ending.ended.includes('factor_reset');
  return sql`
    WITH o AS MATERIALIZED (SELECT c.user_id, ${since ?? sql`NULL`}::timestamptz AS since FROM ${owner} c),
    bare AS (
      SELECT o.user_id FROM o WHERE NOT EXISTS (
        SELECT FROM factors f WHERE f.user_id = o.user_id AND f.added_at IS NOT NULL AND NOT ${isFactorEnded})
    ),
    ended_factors AS (
      DELETE FROM factors f USING o WHERE f.user_id = o.user_id AND ${isFactorEnded}
      RETURNING f.user_id, f.added_at, jsonb_build_object('name', f.name) AS about
    ),
    recorded AS (${recordEnded(sql`(SELECT n.user_id, n.about FROM ended_factors n WHERE n.added_at IS NOT NULL)`, 'factor', metadata)}),
    ended_codes AS (
      DELETE FROM backup_codes b USING o
      WHERE b.user_id = o.user_id AND (${isCodeEnded} OR EXISTS (SELECT FROM bare))
    ),
    cancelled AS (${cancelTwoFactorReset(sql`(SELECT o.user_id FROM o WHERE ${isResetEnded}::boolean AND NOT EXISTS (SELECT FROM bare))`)})
    ${dropTwoFactor(sql`bare`)}`;
}

function isEnded(ending: Ending<FactorKind>, kind: FactorKind, at: Fragment): Fragment {
  if (ending.ended.includes(kind)) return sql`true`;
  return ending.since.includes(kind) ? sql`${at} >= o.since` : sql`false`;
}

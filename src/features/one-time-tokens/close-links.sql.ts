import { type Fragment, sql } from '../../db/sql.ts';
import type { Cells, ClosingScope, Credentials, Ending } from '../../joints/closing.ts';
import type { OneTimeTokenKind } from './one-time-token.ts';
import { isLiveWayBackTo } from './tokens.sql.ts';

/** What holds for a link that leads into the account by its present address. */
const always: Cells = {
  password_reset: 'ended',
  recovery_completed: 'ended',
  not_me: 'kept',
  email_reverted: 'ended',
  taken_over: 'ended',
  first_verified: 'kept',
  email_changed: 'ended',
  password_changed: 'kept',
  signed_out_by_owner: 'kept',
  signed_out_by_operator: 'kept',
  token_reused: 'kept',
  two_factor_enabled: 'kept',
  two_factor_disabled: 'kept',
  two_factor_reset: 'kept',
  second_factor_guessed: 'kept',
  identity_unlinked: 'kept',
  banned: 'kept',
  account_deleted: 'ended',
};

type LinkKind = Exclude<OneTimeTokenKind, 'confirm_registration' | 'challenge_cookie' | 'oauth_state'>;

/** What belongs to a session, or is half of one: whatever ends sessions ends it. */
const ofSession: Cells = {
  ...always,
  not_me: 'ended',
  first_verified: 'ended',
  password_changed: 'ended',
  signed_out_by_owner: 'ended',
  signed_out_by_operator: 'ended',
  token_reused: 'ended',
  two_factor_enabled: 'ended',
  two_factor_disabled: 'ended',
  two_factor_reset: 'ended',
  second_factor_guessed: 'ended',
  identity_unlinked: 'ended',
  banned: 'ended',
};

/** Whatever becomes of the account, its former owner has these, and an intruder those that came after the change. */
const wayBack: Cells = {
  ...always,
  password_reset: 'kept',
  recovery_completed: 'kept',
  email_reverted: 'since',
  email_changed: 'kept',
};

/**
 * A completed reset puts an end to the past: none of an old mail begins a recovery later. Those to former addresses stay with
 * their way back. Until then each serves, since one may reach further back than another, as that alone which ends the factor of
 * a thief (SES-21); the reset's own mail has a link that takes over how far they reach.
 */
const notMe: Cells = { ...wayBack, password_reset: 'past', recovery_completed: 'past' };

/**
 * Links in mails. Those to the present address end when the account leaves it; a change of the password leaves reset
 * links, or whoever knows the password could keep the owner from them. `confirm_registration` and `oauth_state` belong to
 * no account. A challenge and a code of an app are half a sign-in, and a code of a mail belongs to a session: what ends
 * sessions ends them.
 */
export const linkCredentials: Credentials<LinkKind> = {
  step: 'endLinks',
  cells: {
    // A link of before somebody was put out may be in their hands; the one that ends the recovery is issued with it.
    reset_password: { ...always, not_me: 'ended', second_factor_guessed: 'ended' },
    verify_email: { ...always, first_verified: 'ended' },
    unlock: { ...always, not_me: 'ended' },
    // Whoever asked for a change may be the one who is put out (EML-08, LNK-05).
    change_email: { ...ofSession, identity_unlinked: 'kept' },
    revert_email: wayBack,
    not_me: notMe,
    // It opens nothing, wherever it was sent: it keeps what is there.
    keep_two_factor: {
      ...always,
      password_reset: 'kept',
      recovery_completed: 'kept',
      email_reverted: 'kept',
      email_changed: 'kept',
      two_factor_enabled: 'ended',
      two_factor_disabled: 'ended',
      two_factor_reset: 'ended',
    },
    two_factor_challenge: ofSession,
    oauth_code: ofSession,
    email_code: ofSession,
  },
  close: closeLinks,
};

/**
 * Body of a CTE that ends the oldest tokens of a kind of the users in the CTE `owner` (`user_id`, one at most), so that
 * one less than `max` of them are left.
 */
export function endOldest(owner: Fragment, kind: OneTimeTokenKind, max: number): Fragment {
  return sql`
    DELETE FROM one_time_tokens t WHERE t.token_hash IN (
      SELECT x.token_hash FROM one_time_tokens x
      WHERE x.owner_id = (SELECT o.user_id FROM ${owner} o) AND x.kind = ${kind} AND x.spent_at IS NULL
      ORDER BY x.created_at DESC, x.token_hash OFFSET ${max - 1}::int)`;
}

/** Consumed links stay: a repeat of the batch finds its own by them. */
function closeLinks(
  ending: Ending<LinkKind>,
  { owner, since, issuedSince = since ?? sql`NULL`, ownLinks = [] }: ClosingScope,
): Fragment {
  const whole = [...ending.ended, ...ending.others];
  const later =
    ending.since.length === 0
      ? sql``
      : sql`OR (link.kind = ANY (${ending.since}::text[]) AND link.created_at >= ${issuedSince})`;
  const past =
    ending.past.length === 0
      ? sql``
      : sql`OR (link.kind = ANY (${ending.past}::text[]) AND NOT EXISTS (
          SELECT FROM users u JOIN one_time_tokens t ON t.owner_id = u.id
          WHERE u.id = o.user_id AND u.email <> link.email AND ${isLiveWayBackTo(sql`link.email`)}))`;
  const isOthers =
    ownLinks.length === 0 ? sql`` : sql`AND encode(link.token_hash, 'hex') <> ALL (${ownLinks}::text[])`;
  return sql`
    DELETE FROM one_time_tokens link USING ${owner} o
    WHERE link.owner_id = o.user_id AND link.spent_at IS NULL AND (link.kind = ANY (${whole}::text[]) ${later} ${past}) ${isOthers}`;
}

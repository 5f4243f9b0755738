import type { Address } from '../../address/address-key.ts';
import type { PresentedEmail } from '../../address/presented-email.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { endRecovery } from './recovery/recovery.sql.ts';

/**
 * The account of an address, alias `u`. Where two accounts of the legacy system have spellings of it, it is the one
 * that was typed. An account that still has to verify its address is found last, or anybody could have shadowed the
 * owner of another spelling by registering the canonical form.
 */
export function fromAddress(email: PresentedEmail, address: Address): Fragment {
  const { spellings } = email;
  return sql`FROM users u WHERE ${hasPresentedAddress(sql`u`, email, address)}
    ORDER BY ${isVerificationDue(sql`u`)}, array_position(${spellings}::text[], lower(u.email)) NULLS LAST LIMIT 1`;
}

/** Whether the user `x` has the address that somebody presents, in whatever spelling. */
export function hasPresentedAddress(x: Fragment, { spellings }: PresentedEmail, { keys }: Address): Fragment {
  return sql`(lower(${x}.email) = ANY (${spellings}::text[]) OR ${x}.address_key = ANY (${keys}::text[]))`;
}

/** An address as a statement knows it: `email` in lower case, a text expression, and `keys`, an array of texts. */
export interface StoredAddress {
  readonly email: Fragment;
  readonly keys: Fragment;
}

/** Whether the user `x` has the address, in whatever spelling. */
export function hasAddress(x: Fragment, address: Address | StoredAddress): Fragment {
  return sql`(lower(${x}.email) = ${spellingsOf(address)} OR ${x}.address_key = ANY (${address.keys}::text[]))`;
}

/** What a stored text is compared with: ANY of the spellings, or the one that is stored. */
export function spellingsOf(address: Address | StoredAddress): Fragment {
  return 'spellings' in address ? sql`ANY (${address.spellings}::text[])` : address.email;
}

/**
 * The name under which attempts at the account `u` of users, and mails to it, are counted: its address key. The id stands
 * in for an account that has none yet.
 */
export function addressKeyOf(u: Fragment): Fragment {
  return sql`coalesce(${u}.address_key, 'user:' || ${u}.id)`;
}

/** Select list of a recipient of mail for the user `u` of users: see `queueMail`. */
export function recipientColumns(u: Fragment): Fragment {
  return sql`${u}.id AS user_id, ${u}.email::text AS recipient, ${addressKeyOf(u)} AS recipient_key,
    NOT ${isVerificationDue(u)} AS is_verified, ${u}.locale`;
}

/** The owners of the rows of `source`, a sub-select with `user_id`, as recipients at their present address. */
export function owners(source: Fragment): Fragment {
  return sql`SELECT ${recipientColumns(sql`u`)} FROM ${source} e JOIN users u ON u.id = e.user_id`;
}

/** Whether the user `u` still has to verify the address, and is not older than verification. */
export function isVerificationDue(u: Fragment): Fragment {
  return sql`(${u}.email_verified_at IS NULL AND NOT ${u}.is_verification_exempt)`;
}

/**
 * Body of a CTE that gives the users in `proof`, a CTE with `user_id`, `target_email` and `target_key`, an address that they
 * have verified. If somebody else has it, the statement fails with 23505.
 */
export function changeEmail(proof: Fragment): Fragment {
  return sql`
    UPDATE users u SET email = p.target_email, address_key = p.target_key, email_verified_at = now(), updated_at = now()
    FROM ${proof} p WHERE u.id = p.user_id
    RETURNING u.id`;
}

/**
 * Body of a CTE that gives the user in the CTE `owner` (`user_id`), whose address is unverified, to whoever proved
 * the address: it takes `name`, `locale` and `password_hash` from the CTE `source`, and a recovery is over. Returns `user_id`.
 */
export function claimUnverifiedUser(owner: Fragment, source: Fragment): Fragment {
  return sql`
    UPDATE users u SET name = s.name, locale = s.locale, password_hash = s.password_hash, email_verified_at = now(),
      ${endRecovery}, updated_at = now()
    FROM ${owner} o, ${source} s WHERE u.id = o.user_id
    RETURNING u.id AS user_id`;
}

/** Body of a CTE that marks the address of the users in the CTE `owner` (`user_id`) as verified and returns `user_id`. */
export function markVerified(owner: Fragment): Fragment {
  return sql`
    UPDATE users u SET email_verified_at = now(), updated_at = now()
    FROM ${owner} o WHERE u.id = o.user_id AND u.email_verified_at IS NULL
    RETURNING u.id AS user_id`;
}

/**
 * A statement that sets the address keys of users, unless their address is another one by now. It waits for nobody: a
 * user whom another statement has locked is left for the next time.
 */
export function setAddressKeys(
  users: readonly { readonly user_id: string; readonly email: string }[],
  keys: readonly string[],
): Fragment {
  const [ids, emails] = [users.map((user) => user.user_id), users.map((user) => user.email)];
  return sql`
    WITH held AS MATERIALIZED (
      SELECT u.id, k.key FROM unnest(${ids}::uuid[], ${emails}::text[], ${keys}::text[]) AS k (user_id, email, key)
      JOIN users u ON u.id = k.user_id AND u.email = k.email
      ORDER BY u.id FOR NO KEY UPDATE OF u SKIP LOCKED
    )
    UPDATE users u SET address_key = h.key FROM held h WHERE u.id = h.id`;
}

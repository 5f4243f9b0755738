import type { ExportPart } from '../../db/export-part.ts';
import { isoTime } from '../../db/fragments.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import type { PresentedEmail } from '../../presented-email.ts';

/** Select list for a `UserRow`; `u` is the alias of users, or of rows derived from them. */
export function userColumns(u: Fragment): Fragment {
  return sql`${u}.id AS user_id, ${u}.email, ${u}.name, ${u}.email_verified_at IS NOT NULL AS email_verified,
    ${u}.password_hash IS NOT NULL AS has_password, ${u}.created_at AS user_created_at, ${u}.updated_at AS user_updated_at`;
}

/**
 * The account of an address, alias `u`. If two accounts have spellings of it, only one is found: the canonical one,
 * unless it is unverified and the other is older than verification. Otherwise anybody could lock the owner of such an
 * account out by registering the canonical form.
 */
export function fromAddress({ spellings }: PresentedEmail): Fragment {
  return sql`FROM users u WHERE lower(u.email) = ANY (${spellings}::text[])
    ORDER BY ${isVerificationDue(sql`u`)}, array_position(${spellings}::text[], lower(u.email)) LIMIT 1`;
}

/**
 * Whether a user has the address, in the snapshot of this statement. An insert or update that meets the unique index
 * waits for a user who is leaving the address, but does not see the rows that this user leaves behind; as long as
 * those are not in the snapshot, the user still is.
 * @param exceptUserId a user who does not count
 */
export function isTakenEmail(email: string, exceptUserId: string | null = null): Fragment {
  return sql`EXISTS (
    SELECT FROM users x WHERE lower(x.email) = ${email} AND x.id IS DISTINCT FROM ${exceptUserId}::uuid)`;
}

/** Whether the user `u` still has to verify the address, and is not older than verification. */
export function isVerificationDue(u: Fragment): Fragment {
  return sql`(${u}.email_verified_at IS NULL AND NOT ${u}.is_verification_exempt)`;
}

export interface NewUser {
  /** UUID created by the Worker before the first try, so that a retry of the statement finds its own row. */
  readonly id: string;
  /** Lower case. */
  readonly email: string;
  readonly name: string;
  /** PHC string. */
  readonly passwordHash: string;
  /** BCP 47 tag, null when the browser sent none. */
  readonly locale: string | null;
}

/**
 * Body of a CTE that creates the user, unless `isRefused`, and returns its row. It returns no row when the address is
 * taken: ON CONFLICT has no target on purpose, since with one a race still raises 23505 on the other unique index
 * (T36).
 */
export function insertUser(user: NewUser, isRefused: Fragment): Fragment {
  return sql`
    INSERT INTO users (id, email, name, password_hash, locale)
    SELECT ${user.id}::uuid, ${user.email}::text, ${user.name}::text, ${user.passwordHash}::text, ${user.locale}::text
    WHERE NOT ${isRefused}
    ON CONFLICT DO NOTHING
    RETURNING id, email, name, password_hash, email_verified_at, created_at, updated_at, device_generation`;
}

/**
 * Body of a CTE that changes a user's profile and returns the row. `owner` is a CTE with `user_id`; undefined members
 * stay.
 */
export function updateProfile(
  owner: Fragment,
  changes: { readonly name?: string | undefined; readonly locale?: string | undefined },
): Fragment {
  return sql`
    UPDATE users u SET
      name = coalesce(${changes.name ?? null}::text, u.name),
      locale = coalesce(${changes.locale ?? null}::text, u.locale),
      updated_at = now()
    FROM ${owner} o WHERE u.id = o.user_id
    RETURNING u.id, u.email, u.name, u.password_hash, u.email_verified_at, u.created_at, u.updated_at`;
}

/**
 * Body of a CTE that replaces a password hash with a better one of the same password. Compare-and-set: it changes
 * nothing when the hash is no longer the verified one, so it can never undo a reset (HSH-06).
 */
export function replacePasswordHash(owner: Fragment, verifiedHash: string, newHash: string): Fragment {
  return sql`
    UPDATE users u SET password_hash = ${newHash}
    FROM ${owner} o WHERE u.id = o.user_id AND u.password_hash = ${verifiedHash}
    RETURNING u.id`;
}

/** Body of a CTE that sets the password of the users in `owner`, a CTE with `user_id`. */
export function setPasswordHash(owner: Fragment, newHash: string): Fragment {
  return sql`
    UPDATE users u SET password_hash = ${newHash}, updated_at = now()
    FROM ${owner} o WHERE u.id = o.user_id
    RETURNING u.id`;
}

/**
 * Body of a CTE that sets the password of the users in `owner`, a CTE with `user_id`, who have proved that they read
 * their mail: the address becomes verified, and no device is known any longer. It returns `user_id` with the new
 * `device_generation`.
 */
export function setProvedPassword(owner: Fragment, newHash: string): Fragment {
  return sql`
    UPDATE users u SET password_hash = ${newHash}, email_verified_at = coalesce(u.email_verified_at, now()),
      device_generation = u.device_generation + 1, updated_at = now()
    FROM ${owner} o WHERE u.id = o.user_id
    RETURNING u.id AS user_id, u.device_generation`;
}

/**
 * Body of a CTE that clears the password of the users in `owner`, a CTE with `user_id`, and forgets their known
 * devices. It returns `user_id`, `email` and `locale`.
 */
export function clearPassword(owner: Fragment): Fragment {
  return sql`
    UPDATE users u SET password_hash = NULL, device_generation = u.device_generation + 1, updated_at = now()
    FROM ${owner} o WHERE u.id = o.user_id
    RETURNING u.id AS user_id, u.email, u.locale`;
}

/**
 * Body of a CTE that gives the users in `proof`, a CTE with `user_id` and `target_email`, an address that they have
 * verified. If somebody else has it, the statement fails with 23505.
 */
export function changeEmail(proof: Fragment): Fragment {
  return sql`
    UPDATE users u SET email = p.target_email, email_verified_at = now(), updated_at = now()
    FROM ${proof} p WHERE u.id = p.user_id
    RETURNING u.id`;
}

/**
 * Like `changeEmail`, for an account that an intruder may have used: its password is cleared, and no device is known
 * any longer.
 */
export function restoreEmail(proof: Fragment): Fragment {
  return sql`
    UPDATE users u SET email = p.target_email, email_verified_at = now(), password_hash = NULL,
      device_generation = u.device_generation + 1, updated_at = now()
    FROM ${proof} p WHERE u.id = p.user_id
    RETURNING u.id`;
}

/**
 * Body of a CTE that deletes the users in `owner`, a CTE with `user_id` and `session_id`, and returns these columns.
 * Rows that reference a user are deleted by ON DELETE CASCADE.
 */
export function deleteUser(owner: Fragment): Fragment {
  return sql`DELETE FROM users u USING ${owner} o WHERE u.id = o.user_id RETURNING o.user_id, o.session_id`;
}

/**
 * Body of a CTE that creates a user with a verified address from the row of the CTE `source` (`name`, `locale`,
 * `password_hash`) and returns its `user_id`; no row when the address is taken (see `insertUser`).
 */
export function insertVerifiedUser(source: Fragment, { id, email }: Pick<NewUser, 'id' | 'email'>): Fragment {
  return sql`
    INSERT INTO users (id, email, name, password_hash, locale, email_verified_at)
    SELECT ${id}::uuid, ${email}::text, s.name, s.password_hash, s.locale, now() FROM ${source} s
    ON CONFLICT DO NOTHING
    RETURNING id AS user_id`;
}

/**
 * Body of a CTE that gives the user in the CTE `owner` (`user_id`), whose address is unverified, to whoever proved
 * the address: it takes `name`, `locale` and `password_hash` from the CTE `source`. No device is known any longer.
 * Returns `user_id`.
 */
export function claimUnverifiedUser(owner: Fragment, source: Fragment): Fragment {
  return sql`
    UPDATE users u SET name = s.name, locale = s.locale, password_hash = s.password_hash, email_verified_at = now(),
      device_generation = u.device_generation + 1, updated_at = now()
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

/** Whether this transaction verified the address of the user `u`: `now()` is the time at which it began. */
export function isVerifiedNow(u: Fragment): Fragment {
  return sql`(${u}.email_verified_at = now())`;
}

/** The data of the account itself; the provider's names come from the legacy system. */
export const exportedUser: ExportPart = {
  name: 'user',
  value: (owner) => sql`(
    SELECT json_build_object('id', u.id, 'email', u.email, 'name', u.name, 'locale', u.locale,
      'emailVerifiedAt', ${isoTime(sql`u.email_verified_at`)}, 'hasPassword', u.password_hash IS NOT NULL,
      'oauthProvider', u.oauth_provider, 'oauthId', u.oauth_id,
      'createdAt', ${isoTime(sql`u.created_at`)}, 'updatedAt', ${isoTime(sql`u.updated_at`)})
    FROM users u WHERE u.id = ${owner}.user_id)`,
};

/**
 * Locks a user until the transaction ends and returns its `user_id`. A later sign-in waits; an earlier one must
 * finish first. As a statement of its own at the start of a batch, it gives the next one a snapshot with everything
 * that others committed until then.
 */
export function lockUser(userId: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE u.id = ${userId}::uuid FOR NO KEY UPDATE`;
}

/** Like `lockUser`, for the user with this address. */
export function lockUserOf(email: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE lower(u.email) = ${email} FOR NO KEY UPDATE`;
}

/** Like `lockUser`, for a statement that changes the user's address or deletes the user. */
export function lockUserForUpdate(userId: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE u.id = ${userId}::uuid FOR UPDATE`;
}

/** Body of a CTE that bans a user and returns its `user_id`. An existing ban keeps its time. */
export function banUser(userId: string): Fragment {
  return sql`
    UPDATE users u SET banned_at = coalesce(u.banned_at, now()) WHERE u.id = ${userId}::uuid
    RETURNING u.id AS user_id`;
}

/** Body of a CTE that lifts a user's ban and returns its `user_id`. */
export function unbanUser(userId: string): Fragment {
  return sql`UPDATE users u SET banned_at = NULL WHERE u.id = ${userId}::uuid RETURNING u.id AS user_id`;
}

import type { Address } from '../../address/address-key.ts';
import type { ExportPart } from '../../db/export-part.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { isoTime } from '../../db/texts.sql.ts';
import { isInRecovery } from './recovery/recovery.sql.ts';

/** Select list for a `UserRow`; `u` is the alias of users, or of rows derived from them. */
export function userColumns(u: Fragment): Fragment {
  return sql`${u}.id AS user_id, ${u}.email, ${u}.name, ${u}.email_verified_at IS NOT NULL AS email_verified,
    ${u}.two_factor_since IS NOT NULL AS two_factor_enabled, ${u}.password_hash IS NOT NULL AS has_password,
    ${isInRecovery(u)} AS recovery_required, ${u}.created_at AS user_created_at, ${u}.updated_at AS user_updated_at`;
}

export interface NewUser {
  /** UUID created by the Worker before the first try, so that a retry of the statement finds its own row. */
  readonly id: string;
  readonly address: Address;
  readonly name: string;
  /** PHC string; null for an account that signs in by a provider alone. */
  readonly passwordHash: string | null;
  /** BCP 47 tag, null when the browser sent none. */
  readonly locale: string | null;
}

/**
 * Body of a CTE that creates the user, unless `isRefused`, and returns its `id`. It returns no row when the address is
 * taken: ON CONFLICT has no target on purpose, since with one a race still raises 23505 on the other unique index
 * (T36).
 */
export function insertUser(user: NewUser, isRefused: Fragment): Fragment {
  return sql`
    INSERT INTO users (id, email, address_key, name, password_hash, locale)
    SELECT ${user.id}::uuid, ${user.address.email}::text, ${user.address.keys[0]}::text, ${user.name}::text, ${user.passwordHash}::text, ${user.locale}::text
    WHERE NOT ${isRefused}
    ON CONFLICT DO NOTHING
    RETURNING id`;
}

/**
 * Body of a CTE that creates a user with a verified address from the row of the CTE `source` (`name`, `locale`,
 * `password_hash`) and returns its `user_id`; no row when the address is taken (see `insertUser`).
 */
export function insertVerifiedUser(
  source: Fragment,
  { id, address }: Pick<NewUser, 'id' | 'address'>,
): Fragment {
  return sql`
    INSERT INTO users (id, email, address_key, name, password_hash, locale, email_verified_at)
    SELECT ${id}::uuid, ${address.email}::text, ${address.keys[0]}::text, s.name, s.password_hash, s.locale, now() FROM ${source} s
    ON CONFLICT DO NOTHING
    RETURNING id AS user_id`;
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
    RETURNING u.id, u.email, u.name, u.password_hash, u.email_verified_at, u.two_factor_since, u.recovery_since, u.created_at,
      u.updated_at`;
}

/**
 * Body of a CTE that deletes the users in `owner`, a CTE with `user_id` and `session_id`, and returns these columns.
 * Rows that reference a user are deleted by ON DELETE CASCADE.
 */
export function deleteUser(owner: Fragment): Fragment {
  return sql`DELETE FROM users u USING ${owner} o WHERE u.id = o.user_id RETURNING o.user_id, o.session_id`;
}

/** The data of the account itself; the provider's names come from the legacy system. */
export const exportedUser: ExportPart = {
  name: 'user',
  value: (owner) => sql`(
    SELECT json_build_object('id', u.id, 'email', u.email, 'name', u.name, 'locale', u.locale,
      'emailVerifiedAt', ${isoTime(sql`u.email_verified_at`)}, 'twoFactorSince', ${isoTime(sql`u.two_factor_since`)}, 'hasPassword', u.password_hash IS NOT NULL,
      'recoverySince', ${isoTime(sql`u.recovery_since`)}, 'recoveryCause', u.recovery_cause,
      'oauthProvider', u.oauth_provider, 'oauthId', u.oauth_id,
      'createdAt', ${isoTime(sql`u.created_at`)}, 'updatedAt', ${isoTime(sql`u.updated_at`)})
    FROM users u WHERE u.id = ${owner}.user_id)`,
};

import { type Fragment, sql } from '../../db/sql.ts';

/**
 * How long a pending registration waits for its verification, in seconds. Its link expires sooner; a new one can be
 * requested.
 */
const pendingRegistrationTtlSeconds = 7 * 86_400;

/** A registration that becomes an account once its address is verified. */
export interface PendingRegistration {
  /** UUID created by the Worker before the first try, so that a retry of the statement finds its own row. */
  readonly id: string;
  /** Canonical. */
  readonly email: string;
  readonly name: string;
  /** BCP 47 tag, null when the browser sent none. */
  readonly locale: string | null;
  /** PHC string. */
  readonly passwordHash: string;
  /** The subject of attempts at the address while no account has it. */
  readonly subject: string;
}

/**
 * Body of a CTE that stores a pending registration for the row of the CTE `source` and returns `registration_id`,
 * `email` and `locale`. If `isWanted`, an expression over the alias `s`, is not true, the row is empty and expires at
 * once, all three are null, and it costs the same. A retry of the statement returns no row.
 */
export function storePendingRegistration(
  source: Fragment,
  registration: PendingRegistration,
  isWanted: Fragment,
): Fragment {
  const { id, email, name, locale, passwordHash, subject } = registration;
  const wanted = (value: string | null) => sql`CASE WHEN ${isWanted} THEN ${value}::text`;
  return sql`
    INSERT INTO registration_attempts AS r (id, email, name, locale, password_hash, subject, expires_at)
    SELECT ${id}::uuid, ${wanted(email)} ELSE '' END, ${wanted(name)} ELSE '' END, ${wanted(locale)} END,
      ${wanted(passwordHash)} ELSE '' END, ${wanted(subject)} ELSE '' END,
      CASE WHEN ${isWanted} THEN now() + make_interval(secs => ${pendingRegistrationTtlSeconds}::int) ELSE now() END
    FROM ${source} s
    ON CONFLICT (id) DO NOTHING
    RETURNING CASE WHEN r.email <> '' THEN r.id END AS registration_id, nullif(r.email, '') AS email, r.locale`;
}

/** A statement that keeps nothing of a pending registration, as `storePendingRegistration` does where it is not wanted. */
export function emptyPendingRegistration(id: string, isWanted: Fragment): Fragment {
  return sql`
    UPDATE registration_attempts r SET email = '', name = '', locale = NULL, password_hash = '', subject = '', expires_at = now()
    WHERE r.id = ${id}::uuid AND r.email <> '' AND r.created_at = now() AND NOT ${isWanted}`;
}

/**
 * FROM and WHERE for the live pending registrations of this address, alias `r`, to be restricted further by AND; see
 * `newestFirst`.
 */
export function fromPendingRegistrationsOf(email: string): Fragment {
  return sql`FROM registration_attempts r WHERE r.email = ${email} AND r.expires_at > now()`;
}

/** ORDER BY and LIMIT for the newest of `fromPendingRegistrationsOf`. */
export const newestFirst: Fragment = sql`ORDER BY r.created_at DESC, r.id DESC LIMIT 1`;

/**
 * Body of a CTE that locks all pending registrations of this address. `holder` is the CTE that locked the row of the
 * user with the address, if there is one, which every statement locks first.
 */
export function lockPendingRegistrations(email: string, holder: Fragment): Fragment {
  return sql`
    SELECT r.id, r.name, r.locale, r.password_hash, r.subject, r.expires_at FROM registration_attempts r
    WHERE r.email = ${email} AND (SELECT count(*) FROM ${holder}) >= 0
    ORDER BY r.id FOR UPDATE`;
}

/** Body of a CTE that deletes the pending registrations in the CTE `held` (`id`), if the CTE `proof` has a row. */
export function deletePendingRegistrations(held: Fragment, proof: Fragment): Fragment {
  return sql`
    DELETE FROM registration_attempts r USING ${held} h WHERE r.id = h.id AND EXISTS (SELECT FROM ${proof})
    RETURNING r.id`;
}

/**
 * Body of a CTE that deletes the pending registrations of the addresses in the CTE `proof` (`email`), which somebody
 * has proved to be theirs. Their links stay until they expire, but open nothing without the pending registration.
 */
export function dropPendingRegistrations(proof: Fragment): Fragment {
  return sql`DELETE FROM registration_attempts r USING ${proof} p WHERE r.email = p.email RETURNING r.id`;
}

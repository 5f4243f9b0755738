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
 * A statement that holds all pending registrations of this address, in the order of their ids, until the transaction
 * ends. It comes after the user with the address is held, and before any user gets the address.
 */
export function holdPendingRegistrations(email: string | Fragment): Fragment {
  return sql`SELECT r.id FROM registration_attempts r WHERE r.email = ${email} ORDER BY r.id FOR UPDATE`;
}

/**
 * A statement that deletes the pending registrations of the address in `proof`, a sub-select with `email` of one row at
 * most, which somebody has proved to be theirs. Their links stay until they expire, but open nothing without the pending
 * registration. It waits for nobody: one that another transaction holds stays, and cannot be verified any more, since an
 * account has the address by then.
 */
export function dropPendingRegistrations(proof: Fragment): Fragment {
  return sql`
    DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(
      SELECT d.id FROM registration_attempts d WHERE d.email = (SELECT p.email FROM ${proof} p) FOR UPDATE SKIP LOCKED))
    RETURNING r.id`;
}

import { type Fragment, sql } from '../../db/sql.ts';

/** How long a sign-up waits for its verification, in seconds. Its link lives shorter; a new one can be asked for. */
const pendingRegistrationTtlSeconds = 7 * 86_400;

/** A sign-up that is no user until its address is verified. */
export interface PendingRegistration {
  /** UUID made by the Worker before the first try, so that a repeat of the statement finds its own row. */
  readonly id: string;
  /** Canonical. */
  readonly email: string;
  readonly name: string;
  /** BCP 47 tag, null when the browser sent none. */
  readonly locale: string | null;
  /** PHC string. */
  readonly passwordHash: string;
  /** Under which attempts at the address count while nobody has it. */
  readonly subject: string;
}

/**
 * Body of a CTE that stores a sign-up for the row of the CTE `source` and returns `registration_id`, `email` and `locale`.
 * Where `isWanted`, an expression over the alias `s`, is not true, the row is empty and over at once, all three are null,
 * and it costs the same. A repeat of the statement returns no row.
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

/** The newest live sign-up with this address, alias `r`, to be limited further by AND; see `newestFirst`. */
export function fromPendingRegistrationsOf(email: string): Fragment {
  return sql`FROM registration_attempts r WHERE r.email = ${email} AND r.expires_at > now()`;
}

/** ORDER BY and LIMIT for the newest of `fromPendingRegistrationsOf`. */
export const newestFirst: Fragment = sql`ORDER BY r.created_at DESC, r.id DESC LIMIT 1`;

/**
 * Body of a CTE that holds every sign-up with this address. `holder` is the CTE that held the row of the user who has the
 * address, if there is one: it comes first in every statement.
 */
export function lockPendingRegistrations(email: string, holder: Fragment): Fragment {
  return sql`
    SELECT r.id, r.name, r.locale, r.password_hash, r.subject, r.expires_at FROM registration_attempts r
    WHERE r.email = ${email} AND (SELECT count(*) FROM ${holder}) >= 0
    ORDER BY r.id FOR UPDATE`;
}

/** Body of a CTE that deletes the sign-ups in the CTE `held` (`id`), once the CTE `proof` has a row. */
export function deletePendingRegistrations(held: Fragment, proof: Fragment): Fragment {
  return sql`
    DELETE FROM registration_attempts r USING ${held} h WHERE r.id = h.id AND EXISTS (SELECT FROM ${proof})
    RETURNING r.id`;
}

/**
 * Body of a CTE that deletes the sign-ups with the addresses of the CTE `proof` (`email`): somebody has proved that it is
 * theirs. The links of those open nothing any more, since each needs its sign-up, and go when their own time is over.
 */
export function dropPendingRegistrations(proof: Fragment): Fragment {
  return sql`DELETE FROM registration_attempts r USING ${proof} p WHERE r.email = p.email RETURNING r.id`;
}

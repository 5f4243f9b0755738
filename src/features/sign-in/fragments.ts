import { type Fragment, join, sql } from '../../db/sql.ts';
import { type BegunRow, begunColumns, type Opening, verdict } from '../sessions/index.ts';
import { type UserRow, userColumns } from '../users/index.ts';

/** A user, with the session that was begun for a proof, or what it leads to instead. */
export type SignedInRow = UserRow & BegunRow & { readonly device_generation: number };

/** What a proof led to: see `verdict`. The columns of the session are null unless it was begun. */
export type OpeningRow = UserRow &
  Record<keyof BegunRow, null> & {
    readonly device_generation: number;
    readonly verdict: 'session' | 'challenge' | 'unverified' | 'refused';
    /** The methods of the second factors that the account asks for. */
    readonly methods: readonly string[];
  };

/**
 * Select list for a `SignedInRow` or an `OpeningRow`, as the last step of a batch that began a session: over the user
 * `u`, and the session `s` by `joinBegun`.
 */
export function openingColumns(opening: Opening): Fragment {
  const methods = opening.factors.map(
    (factor) => sql`CASE WHEN ${factor.isAskedFor(sql`u`)} THEN ${factor.methods}::text[] ELSE '{}' END`,
  );
  return sql`${userColumns(sql`u`)}, u.device_generation, ${begunColumns(sql`s`)}, ${verdict(opening)} AS verdict,
    ${join([sql`'{}'::text[]`, ...methods], ' || ')} AS methods`;
}

/** FROM for `openingColumns`: the user `u`, and the session `s` where this batch, or an earlier run of it, began one. */
export function fromOpening({ session }: Opening): Fragment {
  return sql`FROM users u LEFT JOIN sessions s ON s.id = ${session.id}::uuid AND s.user_id = u.id`;
}

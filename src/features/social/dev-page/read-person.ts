import type { Deps } from '../../../deps.ts';
import type { CallerIds } from '../../sessions/index.ts';
import type { Identity } from '../identities/list-identities.ts';
import { findSignedInPerson } from './queries.ts';

/** Whoever is signed in, and by which providers they can sign in. */
export interface Person {
  readonly email: string;
  readonly name: string;
  /** Oldest first. */
  readonly identities: readonly Identity[];
}

/** Returns who the caller is; null when the session has ended. Round trips: 1. */
export async function readPerson({ db }: Pick<Deps, 'db'>, caller: CallerIds): Promise<Person | null> {
  const rows = await findSignedInPerson(db, caller);
  const [first] = rows;
  if (first === undefined) return null;
  const identities = rows.flatMap(({ provider, identity_email: email, linked_at: linkedAt }) =>
    provider === null || linkedAt === null ? [] : [{ provider, email, linkedAt: linkedAt.toISOString() }],
  );
  return { email: first.email, name: first.name, identities };
}

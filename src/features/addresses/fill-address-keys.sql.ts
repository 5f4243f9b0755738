import { addressKeyPrefix, addressOf } from '../../address/address-key.ts';
import { presentedEmail } from '../../address/presented-email.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';
import { setAddressKeys } from '../users/index.ts';

interface UnkeyedRow {
  readonly user_id: string;
  readonly email: string;
}

/**
 * Makes the address keys of up to `limit` accounts that have none, or one of an earlier root: those of the earlier
 * system, and all of them while AUTH_SECRET is being rotated. PostgreSQL can make neither the canonical form nor the
 * hash. An account whose address changes meanwhile is left alone. Round trips: 2; 1 when there is nothing to do.
 * @returns how many were found
 */
export async function fillAddressKeys(db: Database, limit: number, keyring: Keyring): Promise<number> {
  const prefix = addressKeyPrefix(keyring);
  const statement = sql<UnkeyedRow>`
    SELECT u.id AS user_id, u.email FROM users u WHERE u.address_key IS NULL
    UNION ALL SELECT u.id, u.email FROM users u WHERE u.address_key < ${prefix}
    UNION ALL SELECT u.id, u.email FROM users u WHERE u.address_key >= ${prefix.replace(/:$/, ';')}
    LIMIT ${limit}::int`;
  const rows = await db.query('find-unkeyed-addresses', statement, { isIdempotent: true });
  if (rows.length === 0) return 0;
  const keys = rows.map(({ email }) => addressOf(keyring, canonicalOf(email)).keys[0]);
  await db.query('fill-address-keys', setAddressKeys(rows, keys), { isIdempotent: true });
  return rows.length;
}

/** The form under which whoever signs in with a stored address is counted. */
export function canonicalOf(email: string): string {
  return presentedEmail.safeParse(email).data?.address ?? email;
}

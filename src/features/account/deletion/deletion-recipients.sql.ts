import { type Fragment, sql } from '../../../db/sql.ts';
import { formerAddresses } from '../../one-time-tokens/index.ts';
import { isVerificationDue } from '../../users/index.ts';

/**
 * Who is told of a deletion: the address of the user in `owner`, a sub-select with `user_id`, and every former one that
 * could still have the account back, since it may have been taken from its owner. No row names the user, or the outbox
 * would keep the id (PRV-08): where an address has no key, its mails are not counted.
 */
export function deletionRecipients(owner: Fragment): Fragment {
  return sql`
    SELECT NULL::uuid AS user_id, u.email::text AS recipient, u.address_key AS recipient_key,
      NOT ${isVerificationDue(sql`u`)} AS is_verified, u.locale
    FROM ${owner} o JOIN users u ON u.id = o.user_id
    UNION ALL
    SELECT NULL, f.recipient, f.recipient_key, f.is_verified, u.locale
    FROM (${formerAddresses(owner)}) f JOIN users u ON u.id = f.user_id WHERE f.recipient <> u.email`;
}

import type { Address } from '../../../address/address-key.ts';
import type { PresentedEmail } from '../../../address/presented-email.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { PreparedMail } from '../../../mail/prepared-mail.ts';
import { fromWaysBackTo, isOfVerifiedAddress } from '../../one-time-tokens/index.ts';
import { fromAddress, hasPresentedAddress, isVerificationDue } from '../../users/index.ts';

/** The address for which somebody asks for a new password. */
export interface AskedAddress {
  readonly email: PresentedEmail;
  readonly address: Address;
}

/** A statement that holds the account of the address until the transaction ends, so that it is not deleted meanwhile. */
export function holdAccount({ email, address }: AskedAddress): Fragment {
  return sql`SELECT u.id AS user_id ${fromAddress(email, address)} FOR KEY SHARE OF u`;
}

/**
 * The way back of an account that has left the address: a SELECT of its oldest revert link, with the columns of a
 * recipient. No row where an account has the address, and for a banned one. `mail` is sealed for the addresses that
 * count.
 */
export function wayBackTo({ email, address }: AskedAddress, mail: PreparedMail): Fragment {
  return sql`
    SELECT u.id AS user_id, t.target_email AS recipient, ${address.keys[0]}::text AS recipient_key,
      ${isOfVerifiedAddress} AS is_verified, u.locale, t.target_key, t.way_back, t.created_at, t.expires_at
    FROM users u JOIN (SELECT t.* ${fromWaysBackTo(mail.recipients)}) t ON t.owner_id = u.id
    WHERE u.banned_at IS NULL
      AND NOT EXISTS (SELECT FROM users x WHERE ${hasPresentedAddress(sql`x`, email, address)})
    ORDER BY t.way_back IS NOT DISTINCT FROM 'corrected', t.created_at LIMIT 1`;
}

/** A statement that holds this way back: it may be used while the statement waits, and is not renewed afterwards. */
export function holdWayBack(asked: AskedAddress, mail: PreparedMail): Fragment {
  return sql`${wayBackTo(asked, mail)} FOR KEY SHARE OF u FOR SHARE OF t`;
}

/**
 * Who gets the reset mail: the account of the address, or nobody where there is none, where it is banned and where the
 * mail is sealed for other spellings. No row where the mail about its way back is written instead.
 */
export function resetRecipient(
  { email, address }: AskedAddress,
  mail: PreparedMail,
  wayBackMail: PreparedMail,
): Fragment {
  return sql`
    SELECT a.user_id, a.recipient, ${address.keys[0]}::text AS recipient_key, a.is_verified, a.locale
    FROM (SELECT 1) one LEFT JOIN (
      SELECT asking.id AS user_id, asking.email AS recipient, NOT ${isVerificationDue(sql`asking`)} AS is_verified,
        asking.locale FROM users asking
      WHERE asking.id = (SELECT u.id ${fromAddress(email, address)}) AND asking.banned_at IS NULL
        AND asking.email = ANY (${mail.recipients}::text[])
    ) a ON true
    WHERE NOT EXISTS (SELECT FROM mail_outbox m WHERE m.id = ${wayBackMail.id}::uuid)`;
}

import { decodeBase32, encodeBase32 } from '../../crypto/base32.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { open, seal } from '../../crypto/seal.ts';
import { resealsRows } from '../../db/reseal-rows.sql.ts';

/** The row of a factor, to which its secret is bound. */
export interface FactorIds {
  readonly id: string;
  readonly userId: string;
}

/** Seals the secret for this row of this user (OTP-05). */
export function sealSecret(keyring: Keyring, secret: Uint8Array, factor: FactorIds): Promise<string> {
  return seal(keyring, encodeBase32(secret), associatedData(factor));
}

/** Opens a sealed secret; null when it belongs to another row, or its key is gone. */
export async function openSecret(
  keyring: Keyring,
  sealed: string,
  factor: FactorIds,
): Promise<Uint8Array | null> {
  const text = await open(keyring, sealed, associatedData(factor));
  return text === null ? null : decodeBase32(text);
}

export const resealSecrets = resealsRows('reseal-secrets', {
  rows: 'factors.secret_sealed',
  boundTo: ['user_id'],
  associatedData: ({ id, user_id: userId }) => associatedData({ id, userId }),
});

/** The associated data: a sealed secret does not open when it is copied to another row or user. */
function associatedData({ id, userId }: FactorIds): string {
  return JSON.stringify(['factors', id, userId]);
}

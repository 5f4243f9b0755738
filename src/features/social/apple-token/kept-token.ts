import type { Keyring } from '../../../crypto/keyring.ts';
import { open, seal } from '../../../crypto/seal.ts';
import { resealsRows } from '../../../db/reseal-rows.sql.ts';
import type { KeptToken } from '../identities/identities.sql.ts';
import type { Provider } from '../providers/provider.ts';

/** A refresh token, and the client that a provider gave it to. */
export interface GivenToken {
  readonly refreshToken: string;
  readonly clientId: string;
}

/**
 * Seals the refresh token of a provider that wants it revoked when the identity is gone; null for any other. It is bound to
 * its row, which is one identity's, since the user is unknown by the time that it is revoked (OAU-16).
 */
export async function sealGiven(
  keyring: Keyring,
  provider: Provider,
  given: GivenToken | null,
): Promise<KeptToken | null> {
  if (given === null || provider.hasRevocableToken !== true) return null;
  const id = crypto.randomUUID();
  return {
    id,
    clientId: given.clientId,
    sealed: await seal(keyring, given.refreshToken, associatedData(id)),
  };
}

/** Seals such a token when it is first asked for, and answers the same one ever after. */
export function sealOnce(
  keyring: Keyring,
  provider: Provider,
  given: GivenToken | null | (() => Promise<GivenToken | null>),
): () => Promise<KeptToken | null> {
  let kept: KeptToken | null | undefined;
  return async () => {
    if (kept === undefined)
      kept = await sealGiven(keyring, provider, typeof given === 'function' ? await given() : given);
    return kept;
  };
}

/** Opens a kept token; null when it belongs to another row, or its key is gone. */
export function openKeptToken(keyring: Keyring, { id, sealed }: KeptToken): Promise<string | null> {
  return open(keyring, sealed, associatedData(id));
}

export const resealTokens = resealsRows('reseal-provider-tokens', {
  rows: 'provider_tokens.sealed',
  associatedData: ({ id }) => associatedData(id),
});

function associatedData(id: string): string {
  return JSON.stringify(['provider_tokens', id]);
}

import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import type { ProviderClient } from './provider-client.ts';
import { ProviderError } from './provider-error.ts';
import { Remembered } from './remembered.ts';

/** The public keys of a provider. */
export interface ProviderKeys {
  readonly ids: ReadonlySet<string>;
  readonly find: ReturnType<typeof createLocalJWKSet>;
}

const keyAges = { fresh: 600, stale: 3600 } as const;
const keys = new Remembered<ProviderKeys>(keyAges);

/**
 * The keys behind a `jwks_uri`, fetched at most every ten minutes, and at once, though not more than once a minute, for a
 * key id that is not among them.
 * @throws ProviderError
 */
export function providerKeys(
  client: ProviderClient,
  jwksUri: string,
  keyId: string | undefined,
): Promise<ProviderKeys> {
  return keys.get(
    jwksUri,
    () => fetchKeys(client, jwksUri),
    ({ ids }) => keyId === undefined || ids.has(keyId),
  );
}

async function fetchKeys(client: ProviderClient, jwksUri: string): Promise<ProviderKeys> {
  const response = await client.fetch(jwksUri, { headers: { Accept: 'application/json' } });
  if (response.status !== 200) throw new ProviderError('the keys of the provider cannot be had');
  try {
    const set = (await response.json()) as JSONWebKeySet;
    const find = createLocalJWKSet(set);
    return { find, ids: new Set(set.keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid]))) };
  } catch {
    throw new ProviderError('the keys of the provider are not a set of keys');
  }
}

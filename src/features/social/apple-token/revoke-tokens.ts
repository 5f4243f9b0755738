import { processRevocationResponse, revocationRequest } from 'oauth4webapi';
import type { CleanUpMeans } from '../../../clean-up/clean-up.ts';
import type { Config } from '../../../config.ts';
import type { Keyring } from '../../../crypto/keyring.ts';
import type { Database } from '../../../db/client.ts';
import { log } from '../../../log.ts';
import { createProviderClient } from '../outbound/provider-client.ts';
import { configuredProviders } from '../providers/configured-providers.ts';
import { deleteTokens, type OrphanedToken, takeOrphanedTokens } from './apple-token.sql.ts';
import { openKeptToken } from './kept-token.ts';

/** Calls to providers in one run: a Worker may only have a few open at once. */
const callsMax = 20;
/** After so many tries, over nine days, a token is given up: it may have been revoked elsewhere. */
const attemptsMax = 20;

/**
 * Revokes the refresh tokens of identities that are gone: unlinked, closed, or deleted with their account (App Store Review
 * Guideline 5.1.1 (v)). One that cannot be revoked is tried again later, and given up in the end. Round trips: 1, and 1 when
 * there are any.
 * @returns how many were done with
 */
export async function revokeTokens(
  db: Database,
  limit: number,
  keyring: Keyring,
  { config }: CleanUpMeans,
): Promise<number> {
  const tokens = await takeOrphanedTokens(db, Math.min(limit, callsMax));
  const isDone = await Promise.all(tokens.map((token) => revoke(config, keyring, token)));
  const done = tokens.flatMap(({ id }, n) => (isDone[n] ? [id] : []));
  if (done.length > 0) await deleteTokens(db, done);
  return done.length;
}

/** Whether the row has done its work: the token is revoked, or can never be. */
async function revoke(config: Config, keyring: Keyring, token: OrphanedToken): Promise<boolean> {
  const { provider: providerId, clientId, attempts } = token;
  const provider = configuredProviders(config).usable.find(({ id }) => id === providerId);
  const refreshToken = await openKeptToken(keyring, token);
  try {
    if (refreshToken === null) throw new TypeError('its key is gone');
    if (provider === undefined) throw new TypeError('the provider is not configured');
    const client = createProviderClient(config.isDevelopment);
    const server = await provider.server(client);
    const authentication = await provider.authentication(server, Date.now(), clientId);
    const us = { client_id: clientId };
    const options = { ...client.options, additionalParameters: { token_type_hint: 'refresh_token' } };
    await processRevocationResponse(
      await revocationRequest(server, us, authentication, refreshToken, options),
    );
    return true;
  } catch (error) {
    const isGivenUp = refreshToken === null || attempts >= attemptsMax;
    const reason = error instanceof Error ? error.message : 'unknown';
    log(isGivenUp ? 'error' : 'warn', 'provider_token_not_revoked', {
      provider: providerId,
      attempts,
      isGivenUp,
      reason,
    });
    return isGivenUp;
  }
}

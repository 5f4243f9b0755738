import { signAccessToken } from '../../access-tokens/access-token.ts';
import type { Deps } from '../../deps.ts';
import type { IssuedTokens } from '../../joints/issued-tokens.ts';
import { encodeRefreshToken, type Transport } from './refresh-token.ts';

export type { IssuedTokens };

/** The input for the tokens of a session. */
export interface TokenGrant {
  readonly userId: string;
  readonly sessionId: string;
  /** Seconds since the epoch. */
  readonly authTime: number;
  readonly amr: readonly string[];
  /** Counter of the refresh token for each transport that gets one. */
  readonly counters: Partial<Record<Transport, number>>;
  /** Seconds until unused refresh tokens expire. */
  readonly refreshExpiresIn: number;
}

/** Signs the access token and creates a refresh token for each transport of the grant. Needs no database. */
export async function issueTokens(deps: Deps, grant: TokenGrant): Promise<IssuedTokens> {
  const { keys, keyring, config, now } = deps;
  const { sessionId, counters } = grant;
  const refreshTokens: Partial<Record<Transport, string>> = {};
  for (const transport of ['cookie', 'body'] as const) {
    const counter = counters[transport];
    if (counter === undefined) continue;
    refreshTokens[transport] = encodeRefreshToken(keyring, { sessionId, transport, counter });
  }
  return {
    accessToken: await signAccessToken(keys, config.accessToken, grant, now()),
    expiresIn: config.accessToken.ttlSeconds,
    refreshTokens,
    refreshExpiresIn: grant.refreshExpiresIn,
  };
}

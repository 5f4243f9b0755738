import { type AccessTokenClaims, verifyAccessToken } from '../../access-tokens/access-token.ts';
import type { Deps } from '../../deps.ts';
import type { SessionKey } from './judge-token.sql.ts';
import { endNamedSessions } from './refresh-session.sql.ts';
import { parseRefreshToken } from './refresh-token.ts';

/** The tokens that name the session to end. */
interface NamingTokens {
  readonly refreshTokens: readonly string[];
  readonly accessTokens: readonly string[];
}

/**
 * Ends the sessions of the given tokens. A token counts if its MAC or signature is valid, even if it is expired or
 * already rotated; any other is ignored, so that a logout can always be repeated. Round trips: 1; 0 when no token
 * counts.
 * @returns whether any token counted
 */
export async function logout(deps: Deps, presented: NamingTokens): Promise<boolean> {
  const keys = await sessionKeys(deps, presented);
  if (keys.length === 0) return false;
  await endNamedSessions(deps.db, keys, deps.metadata);
  return true;
}

async function sessionKeys(deps: Deps, { refreshTokens, accessTokens }: NamingTokens): Promise<SessionKey[]> {
  const keys: SessionKey[] = [];
  for (const token of refreshTokens) {
    const parsed = parseRefreshToken(deps.keyring, token);
    if (parsed.kind === 'current') keys.push({ sessionId: parsed.content.sessionId });
    if (parsed.kind === 'legacy') keys.push({ legacyToken: parsed.token });
  }
  for (const token of accessTokens) {
    const claims = await namingClaims(deps, token);
    if (claims !== null) keys.push({ sessionId: claims.sessionId });
  }
  return keys;
}

/** An expired token names its session still; it is never remembered. */
async function namingClaims(deps: Deps, token: string): Promise<AccessTokenClaims | null> {
  const { keys, config, accessTokens, now } = deps;
  return (
    accessTokens.recall(token, now()) ??
    verifyAccessToken(keys, config.accessToken, token, now(), { ignoreExpiry: true })
  );
}

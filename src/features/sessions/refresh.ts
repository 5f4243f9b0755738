import type { Deps } from '../../deps.ts';
import { sessionErrors } from './errors.ts';
import { type IssuedTokens, issueTokens } from './issue-tokens.ts';
import type { PresentedRefreshToken, RefreshSettings } from './judge-token.sql.ts';
import { refreshSession } from './refresh-session.sql.ts';
import { parseRefreshToken, type Transport } from './refresh-token.ts';

/**
 * Exchanges a refresh token for a new pair of tokens, for the same transport. Round trips: 1; 0 for a forged token, 2 for a
 * reused one. Parallel tabs and retries within the grace all get the same successor.
 * @throws AuthError session_expired, refresh_token_reused
 */
export async function refresh(
  deps: Deps,
  presented: { readonly token: string; readonly transport: Transport },
): Promise<IssuedTokens> {
  const { transport } = presented;
  const target = targetOf(deps, presented);
  if (target === null) throw sessionErrors.session_expired();
  const settings = settingsOf(deps);
  const row = await refreshSession(deps.db, target, settings, deps.metadata);
  switch (row?.outcome) {
    case undefined:
    case 'unknown':
      throw sessionErrors.session_expired();
    case 'reuse': {
      const { endReused } = await import('./reuse/end-reused.ts');
      return endReused(deps, target, row, settings);
    }
    case 'rotate':
    case 'retry':
      return issueTokens(deps, {
        userId: row.user_id,
        sessionId: row.session_id,
        authTime: row.auth_time,
        amr: row.amr,
        counters: { [transport]: row.counter },
        refreshExpiresIn: row.expires_in,
      });
  }
}

/** The session and the counter that a token names; null where it is forged, or comes by another transport than its own. */
export function targetOf(
  { keyring }: Pick<Deps, 'keyring'>,
  { token, transport }: { readonly token: string; readonly transport: Transport },
): PresentedRefreshToken | null {
  const parsed = parseRefreshToken(keyring, token);
  if (parsed.kind === 'forged') return null;
  if (parsed.kind === 'legacy') return { key: { legacyToken: parsed.token }, transport, counter: 0 };
  const { content } = parsed;
  // The MAC covers the transport: a token of one transport is not accepted by the other.
  if (content.transport !== transport) return null;
  return { key: { sessionId: content.sessionId }, transport, counter: content.counter };
}

function settingsOf({ config: { session, database } }: Deps): RefreshSettings {
  const { idleTtlSeconds, refreshGraceSeconds } = session;
  // A retry comes up to one timeout and a pause after the first try. After the grace it would look like theft.
  const isIdempotent = refreshGraceSeconds * 1000 > 2 * database.timeoutMs;
  return { idleTtlSeconds, refreshGraceSeconds, isIdempotent };
}

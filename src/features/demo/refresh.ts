import type { Deps } from '../../deps.ts';
import { type IssuedTokens, sessionErrors, type Transport } from '../sessions/index.ts';
import { secondsLeft } from './demo-session.ts';
import { issueDemoTokens } from './issue-tokens.ts';
import { parseDemoToken } from './refresh-token.ts';

/**
 * Exchanges a demo refresh token for a new access token and returns the same refresh token: it does not rotate, since
 * nothing stores which one was last. Works until two hours after the login. Round trips: none.
 * @throws AuthError session_expired
 */
export async function refresh(
  deps: Deps,
  presented: { readonly token: string; readonly transport: Transport },
): Promise<IssuedTokens> {
  const content = parseDemoToken(deps.keyring, presented.token);
  // As for every refresh token, a token of one transport is not accepted by the other.
  if (content?.transport !== presented.transport) throw sessionErrors.session_expired();
  if (secondsLeft(content, deps.now) <= 0) throw sessionErrors.session_expired();
  return issueDemoTokens(deps, content, [content.transport]);
}

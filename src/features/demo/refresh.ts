import type { Deps } from '../../deps.ts';
import { type IssuedTokens, sessionErrors, type Transport } from '../sessions/index.ts';
import { secondsLeft } from './demo-session.ts';
import { issueDemoTokens } from './issue-tokens.ts';
import { parseDemoToken } from './refresh-token.ts';

/**
 * Exchanges a refresh token of the demo for a new access token and itself: it does not rotate, since nothing remembers
 * which one came last. Works until two hours after the login. Round trips: none.
 * @throws AuthError session_expired
 */
export async function refresh(
  deps: Deps,
  presented: { readonly token: string; readonly transport: Transport },
): Promise<IssuedTokens> {
  const content = parseDemoToken(deps.keyring, presented.token);
  // As with every refresh token, one that was taken from one place does not open the other.
  if (content?.transport !== presented.transport) throw sessionErrors.session_expired();
  if (secondsLeft(content, deps.now) <= 0) throw sessionErrors.session_expired();
  return issueDemoTokens(deps, content, [content.transport]);
}

import type { Deps } from '../../../deps.ts';
import { sessionErrors } from '../errors.ts';
import type { PresentedRefreshToken, RefreshSettings } from '../judge-token.sql.ts';
import type { RefreshRow } from '../refresh-session.sql.ts';
import { endReusedSession } from './end-reused-session.sql.ts';

/**
 * Ends the session of a token that was used twice, and says so. Nothing has changed until this commits: if it fails, the
 * next use of the token is the same reuse again. Round trips: 1.
 * @throws AuthError refresh_token_reused; session_expired when somebody else has ended it meanwhile
 */
export async function endReused(
  deps: Deps,
  presented: PresentedRefreshToken,
  row: RefreshRow,
  settings: RefreshSettings,
): Promise<never> {
  const { credentials } = await deps.loadRules();
  const isEnded = await endReusedSession(deps.db, presented, row, settings, credentials, deps.metadata);
  if (!isEnded) throw sessionErrors.session_expired();
  deps.mail.sendSoon();
  throw sessionErrors.refresh_token_reused();
}

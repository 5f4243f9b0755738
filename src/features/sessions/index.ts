export { answerSignedOut } from './answer-signed-out.ts';
export { answerTokens } from './answer-tokens.ts';

export { sessionErrors } from './errors.ts';
export {
  type CallerIds,
  endSessionsOf,
  evictOldest,
  exportedSessions,
  fromLiveSession,
  isRecentlyAuthenticated,
  type NewSession,
  type OpenedSessionRow,
  openedBefore,
  openSession,
  sessionColumns,
} from './fragments.ts';
export { type IssuedTokens, issueTokens } from './issue-tokens.ts';
export { cleanupExpiredSessions } from './queries.ts';
export { requireRecentAuthentication } from './recent-authentication.ts';
export type { Transport } from './refresh-token.ts';
export {
  endOtherSessions,
  type RenewedSessionRow,
  rememberFormerId,
  renewedBefore,
  renewSession,
  type SessionRenewal,
} from './renewal/fragments.ts';
export { issueRenewedTokens } from './renewal/issue-renewed-tokens.ts';
export { routes } from './routes.ts';
export { LoginRequest, RequestedTransport, TokenRequest } from './schemas.ts';
export { type Session, type SessionRow, toSession } from './session.ts';

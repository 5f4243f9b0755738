export { answerSignedOut } from './answer-signed-out.ts';
export { answerTokens } from './answer-tokens.ts';
export { endSessions } from './closing/fragments.ts';
export { sessionErrors } from './errors.ts';
export { feature } from './feature.ts';
export {
  type CallerIds,
  endSessionsOf,
  evictOldest,
  fromLiveSession,
  isRecentlyAuthenticated,
  keepSession,
  liveCaller,
  type NewSession,
  sessionColumns,
} from './fragments.ts';
export { type IssuedTokens, issueTokens } from './issue-tokens.ts';
export {
  type BegunRow,
  beginSession,
  begunColumns,
  begunNow,
  fromBegun,
  type Opening,
  type Proof,
  verdict,
} from './opening/fragments.ts';
export { requireRecentAuthentication } from './recent-authentication.ts';
export type { Transport } from './refresh-token.ts';
export {
  endOtherSessions,
  holdSession,
  type RenewedSessionRow,
  renewedBefore,
  renewedNow,
  renewSession,
  type SessionRenewal,
} from './renewal/fragments.ts';
export { issueRenewedTokens } from './renewal/issue-renewed-tokens.ts';

export { RequestedTransport, TokenRequest } from './schemas.ts';
export { type Session, type SessionRow, toSession } from './session.ts';

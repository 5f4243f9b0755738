export { answerSignedOut } from './answer-signed-out.ts';
export { answerTokens } from './answer-tokens.ts';
export * from './begin-session.sql.ts';
export { noteMissedSession } from './close-sessions.sql.ts';
export { sessionErrors } from './errors.ts';
export { feature } from './feature.ts';
export { findGatedCaller } from './find-gated-caller.sql.ts';
export { type IssuedTokens, issueTokens } from './issue-tokens.ts';
export {
  type CallerIds,
  evictOldest,
  fromLiveSession,
  keepSession,
  liveCaller,
  liveUnderAnyId,
  type NewSession,
  sessionColumns,
} from './live-session.sql.ts';
export { signOutSteps } from './own-sessions/own-sessions.sql.ts';
export type { Transport } from './refresh-token.ts';
export { issueRenewedTokens, newRenewal } from './renewal/issue-renewed-tokens.ts';
export * from './renewal/renew-session.sql.ts';

export { RequestedTransport, TokenRequest } from './schemas.ts';
export { type Session, type SessionRow, toSession, toUnstoredSession } from './session.ts';

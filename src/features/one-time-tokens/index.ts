export { oneTimeTokenErrors } from './errors.ts';
export {
  consumedBefore,
  consumeToken,
  deleteTokens,
  exportedLinks,
  formerEmails,
  fromHeldEmail,
  fromLiveToken,
  isHeldEmail,
  issueToken,
  revokeEmailProofs,
  revokeLaterTokens,
  revokeTokens,
  tryRevokeTokens,
} from './fragments.ts';
export {
  createOneTimeToken,
  type NewOneTimeToken,
  type OneTimeTokenKind,
  type PresentedOneTimeToken,
  readOneTimeToken,
} from './one-time-token.ts';
export { cleanupExpiredTokens } from './queries.ts';
export { LinkRequest, presentedToken } from './schemas.ts';

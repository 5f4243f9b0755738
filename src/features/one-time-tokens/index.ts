export { oneTimeTokenErrors } from './errors.ts';
export {
  deleteTokens,
  fromLiveToken,
  isHeldEmail,
  issueToken,
  spendToken,
  spentBefore,
  voidTokens,
} from './fragments.ts';
export {
  createOneTimeToken,
  type NewOneTimeToken,
  type PresentedOneTimeToken,
  readOneTimeToken,
} from './one-time-token.ts';
export { cleanupExpiredTokens } from './queries.ts';
export { presentedToken } from './schemas.ts';

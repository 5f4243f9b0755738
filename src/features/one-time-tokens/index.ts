export { oneTimeTokenErrors } from './errors.ts';
export { feature } from './feature.ts';
export {
  consumedBefore,
  consumedByUs,
  consumedNow,
  consumeToken,
  deleteTokens,
  formerAddresses,
  fromHeldEmail,
  fromLiveToken,
  isHeldAddress,
  isHeldEmail,
  issuedNow,
  issueToken,
  revokeEmailProofs,
  revokeLaterTokens,
  revokeTokens,
  type TokenColumns,
  tryRevokeTokens,
} from './fragments.ts';
export { holderOf, holdHolder } from './holder/fragments.ts';
export {
  createOneTimeToken,
  type NewOneTimeToken,
  type OneTimeTokenKind,
  type PresentedOneTimeToken,
  readOneTimeToken,
} from './one-time-token.ts';
export { LinkRequest, presentedToken } from './schemas.ts';

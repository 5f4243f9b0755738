export { oneTimeTokenErrors } from './errors.ts';
export { feature } from './feature.ts';
export {
  consumedByUs,
  consumedNow,
  consumeToken,
  endLinksElsewhere,
  endOtherChanges,
  formerAddresses,
  fromHeldAddress,
  fromLiveToken,
  fromWaysBack,
  fromWaysBackTo,
  isHeldAddress,
  isOfVerifiedAddress,
  issuedNow,
  issueToken,
  type TokenColumns,
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

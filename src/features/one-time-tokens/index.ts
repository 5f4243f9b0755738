export { endOldest } from './close-links.sql.ts';
export { oneTimeTokenErrors } from './errors.ts';
export { feature } from './feature.ts';
export { holderOf, holdHolder } from './holder.sql.ts';
export { type LinkMail, prepareLink, prepareLinkTo } from './link-mail.ts';
export { mailNotMeLink } from './not-me-mail.sql.ts';
export {
  companionToken,
  createOneTimeToken,
  type NewOneTimeToken,
  type OneTimeTokenKind,
  oneTimeTokenTtlSeconds,
  type PresentedOneTimeToken,
  readOneTimeToken,
} from './one-time-token.ts';
export { LinkRequest, presentedToken } from './schemas.ts';
export {
  consumedByUs,
  consumedNow,
  consumeToken,
  consumeUnstored,
  endLinksElsewhere,
  endOtherChanges,
  formerAddresses,
  fromHeldAddress,
  fromLiveToken,
  fromWaysBack,
  fromWaysBackTo,
  isConsumedByUs,
  isConsumedElsewhere,
  isHeldAddress,
  isOfVerifiedAddress,
  issuedNow,
  issueToken,
  liveHashAmong,
  noteReach,
  type TokenColumns,
} from './tokens.sql.ts';

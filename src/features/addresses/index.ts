export { type Claim, canBeTakenOver, claimOn } from './fragments.ts';
export { canonicalOf, fillAddressKeys } from './queries.ts';

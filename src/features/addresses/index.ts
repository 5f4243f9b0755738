export { addressErrors } from './errors.ts';
export { feature } from './feature.ts';
export { type Claim, canBeTakenOver, claimOn, isKeptByFactor } from './fragments.ts';
export { canonicalOf } from './queries.ts';

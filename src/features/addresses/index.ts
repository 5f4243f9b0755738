export { type Claim, canBeTakenOver, claimOn, isKeptBySecondFactor } from './claim.sql.ts';
export { addressErrors } from './errors.ts';
export { feature } from './feature.ts';
export { canonicalOf } from './fill-address-keys.sql.ts';

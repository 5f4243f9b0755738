export { type Claim, canBeTakenOver, claimOn, isKeptByFactor } from './claim.sql.ts';
export { addressErrors } from './errors.ts';
export { feature } from './feature.ts';
export { canonicalOf } from './fill-address-keys.sql.ts';

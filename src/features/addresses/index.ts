export { feature } from './feature.ts';
export { type Claim, canBeTakenOver, claimOn } from './fragments.ts';
export { canonicalOf } from './queries.ts';

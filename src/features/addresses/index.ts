export { type Claim, canBeTakenOver, claimOn } from './fragments.ts';

export { feature } from './feature.ts';
export { notifyFormerAddresses, revokePendingChange, tryRevokePendingChange } from './fragments.ts';

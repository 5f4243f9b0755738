export { feature } from './feature.ts';
export { revokePendingChange, tryRevokePendingChange } from './fragments.ts';

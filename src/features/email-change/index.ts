export { notifyFormerAddresses, revokePendingChange, tryRevokePendingChange } from './fragments.ts';
export { routes } from './routes.ts';

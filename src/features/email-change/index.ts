export { notifyFormerAddresses, voidFreeChange, voidPendingChange } from './fragments.ts';
export { routes } from './routes.ts';

export { notifyFormerAddresses, voidPendingChange } from './fragments.ts';
export { routes } from './routes.ts';

export { feature } from './feature.ts';
export {
  deletePendingRegistrations,
  dropPendingRegistrations,
  emptyPendingRegistration,
  fromPendingRegistrationsOf,
  lockPendingRegistrations,
  newestFirst,
  type PendingRegistration,
  storePendingRegistration,
} from './fragments.ts';

export { feature } from './feature.ts';
export {
  deletePendingRegistrations,
  dropPendingRegistrations,
  fromPendingRegistrationsOf,
  lockPendingRegistrations,
  newestFirst,
  type PendingRegistration,
  storePendingRegistration,
} from './fragments.ts';

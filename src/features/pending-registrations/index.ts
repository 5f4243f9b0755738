export {
  deletePendingRegistrations,
  dropPendingRegistrations,
  fromPendingRegistrationsOf,
  lockPendingRegistrations,
  newestFirst,
  type PendingRegistration,
  storePendingRegistration,
} from './fragments.ts';
export { cleanupExpiredPendingRegistrations } from './queries.ts';

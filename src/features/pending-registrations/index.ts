export { feature } from './feature.ts';
export {
  dropPendingRegistrations,
  emptyPendingRegistration,
  fromPendingRegistrationsOf,
  holdPendingRegistrations,
  newestFirst,
  type PendingRegistration,
  storePendingRegistration,
} from './pending-registrations.sql.ts';

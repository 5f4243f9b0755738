export {
  deleteRegistrations,
  dropRegistrations,
  fromRegistrationsOf,
  lockRegistrations,
  type NewRegistration,
  newestFirst,
  storeRegistration,
} from './fragments.ts';
export { cleanupExpiredRegistrations } from './queries.ts';

export { demoEmail, isReservedEmail } from '../../address/reserved-email.ts';
export {
  deleteUser,
  insertUser,
  insertVerifiedUser,
  type NewUser,
  updateProfile,
  userColumns,
} from './account.sql.ts';
export * from './address.sql.ts';
export { banUser, unbanUser } from './ban.sql.ts';
export { userErrors } from './errors.ts';
export { feature } from './feature.ts';
export { dropLegacyIdentity } from './legacy-identity.sql.ts';
export { keepUser, lockUser, lockUserForShare, lockUserForUpdate, lockUserOf } from './lock.sql.ts';
export * from './password.sql.ts';
export {
  isInRecovery,
  isOutOfRecovery,
  isRecoveredSince,
  isRecoverySince,
  recoveryColumns,
} from './recovery/recovery.sql.ts';
export * from './registration/registration.sql.ts';
export {
  type RegistrationCount,
  registrationCount,
  tooManyRegistrations,
} from './registration/registration-count.ts';
export * from './two-factor.sql.ts';
export { toUser, type User, type UserRow } from './user.ts';

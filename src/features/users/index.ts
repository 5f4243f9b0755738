export { demoEmail, isReservedEmail } from '../../reserved-email.ts';
export {
  deleteUser,
  insertUser,
  insertVerifiedUser,
  type NewUser,
  updateProfile,
  userColumns,
} from './account/fragments.ts';
export {
  addressKeyOf,
  changeEmail,
  claimUnverifiedUser,
  fromAddress,
  hasAddress,
  hasPresentedAddress,
  isVerificationDue,
  markVerified,
  owners,
  recipientColumns,
  type StoredAddress,
  setAddressKeys,
  spellingsOf,
} from './address/fragments.ts';
export { banUser, unbanUser } from './ban/fragments.ts';
export { userErrors } from './errors.ts';
export { feature } from './feature.ts';
export { dropLegacyIdentity } from './legacy-identity/fragments.ts';
export { keepUser, lockUser, lockUserForShare, lockUserForUpdate, lockUserOf } from './lock/fragments.ts';
export {
  replacePasswordHash,
  setPasswordHash,
  setProvedPassword,
} from './password/fragments.ts';
export {
  isInRecovery,
  isOutOfRecovery,
  isRecoveredSince,
  isRecoverySince,
  recoveryColumns,
} from './recovery/fragments.ts';
export {
  countRegistration,
  isRegistrationCounted,
  secondsUntilRoomToRegister,
} from './registration/fragments.ts';
export {
  type RegistrationCount,
  registrationCount,
  tooManyRegistrations,
} from './registration/registration-count.ts';
export {
  announceTwoFactorReset,
  asksForTwoFactor,
  cancelTwoFactorReset,
  dropTwoFactor,
  fromDueTwoFactorResets,
  isTwoFactorResetDue,
  isTwoFactorResetPending,
  passSecondFactor,
  startTwoFactor,
  twoFactorSince,
} from './two-factor/fragments.ts';
export { toUser, type User, type UserRow } from './user.ts';

export { userErrors } from './errors.ts';
export {
  banUser,
  changeEmail,
  claimUnverifiedUser,
  clearPassword,
  deleteUser,
  exportedUser,
  fromAddress,
  insertUser,
  insertVerifiedUser,
  isTakenEmail,
  isVerificationDue,
  isVerifiedNow,
  lockUser,
  lockUserForUpdate,
  lockUserOf,
  markVerified,
  type NewUser,
  replacePasswordHash,
  restoreEmail,
  setPasswordHash,
  setProvedPassword,
  unbanUser,
  updateProfile,
  userColumns,
} from './fragments.ts';
export { demoEmail, isReservedEmail } from './reserved-email.ts';
export { toUser, type User, type UserRow } from './user.ts';

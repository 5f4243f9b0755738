export { userErrors } from './errors.ts';
export {
  banUser,
  changeEmail,
  deleteUser,
  exportedUser,
  insertUser,
  lockUser,
  type NewUser,
  replacePasswordHash,
  restoreEmail,
  setPasswordHash,
  setProvedPassword,
  unbanUser,
  updateProfile,
  userColumns,
  withdrawPassword,
} from './fragments.ts';
export { demoEmail, isReservedEmail } from './reserved-email.ts';
export { toUser, type User, type UserRow } from './user.ts';

export { userErrors } from './errors.ts';
export {
  banUser,
  deleteUser,
  exportedUser,
  insertUser,
  lockUser,
  type NewUser,
  replacePasswordHash,
  setPasswordHash,
  setProvedPassword,
  unbanUser,
  updateProfile,
  userColumns,
  withdrawPassword,
} from './fragments.ts';
export { demoEmail, isReservedEmail } from './reserved-email.ts';
export { toUser, type User, type UserRow } from './user.ts';

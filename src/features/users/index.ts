export { userErrors } from './errors.ts';
export {
  deleteUser,
  exportedUser,
  insertUser,
  type NewUser,
  replacePasswordHash,
  setPasswordHash,
  updateProfile,
  userColumns,
} from './fragments.ts';
export { demoEmail, isReservedEmail } from './reserved-email.ts';
export { toUser, type User, type UserRow } from './user.ts';

export { userErrors } from './errors.ts';
export { insertUser, type NewUser, replacePasswordHash, updateProfile, userColumns } from './fragments.ts';
export { demoEmail, isReservedEmail } from './reserved-email.ts';
export { toUser, type User, type UserRow } from './user.ts';

export { insertUser, type NewUser, replacePasswordHash, updateProfile, userColumns } from './fragments.ts';
export { toUser, type User, type UserRow } from './user.ts';

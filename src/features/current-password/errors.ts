import { defineErrors } from '../../errors.ts';

export const currentPasswordErrors = defineErrors({
  // The code of a failed login with another status: the caller is signed in, and clients sign out on a 401.
  invalid_credentials: { status: 403, title: 'The current password is incorrect.' },
});

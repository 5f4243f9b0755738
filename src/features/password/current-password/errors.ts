import { defineErrors } from '../../../errors.ts';

export const currentPasswordErrors = defineErrors({
  // The code of a failed login, by another status: the caller is signed in, and a 401 would make clients sign them out.
  invalid_credentials: { status: 403, title: 'The current password is not correct.' },
});

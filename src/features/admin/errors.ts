import { defineErrors } from '../../errors.ts';

export const adminErrors = defineErrors({
  user_not_found: { status: 404, title: 'User not found.' },
});

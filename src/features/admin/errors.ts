import { defineErrors } from '../../errors.ts';

export const adminErrors = defineErrors({
  user_not_found: { status: 404, title: 'There is no such user.' },
});

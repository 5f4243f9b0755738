import { defineErrors } from '../../errors.ts';

export const notMeErrors = defineErrors({
  event_not_found: { status: 404, title: 'Your account has no event with this id in the last seven days.' },
});

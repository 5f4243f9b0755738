import { defineErrors } from '../../errors.ts';

export const passwordErrors = defineErrors({
  email_taken: { status: 409, title: 'An account with this e-mail address exists already.' },
});

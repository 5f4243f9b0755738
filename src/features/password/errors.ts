import { defineErrors } from '../../errors.ts';

export const passwordErrors = defineErrors({
  // One code for unknown address, wrong password, no password and banned: nobody learns which (SECURITY ENU-01).
  invalid_credentials: { status: 401, title: 'E-mail or password is not correct.' },
  email_taken: { status: 409, title: 'An account with this e-mail address exists already.' },
});

import { defineErrors } from '../../errors.ts';

export const userErrors = defineErrors({
  // Only for callers who know the password, or are signed in.
  email_not_verified: { status: 403, title: 'Verify your e-mail address first.' },
  // For every flow that would make an account, whatever the address.
  registration_closed: { status: 403, title: 'No new accounts can be created here at the moment.' },
  // For operators.
  user_not_found: { status: 404, title: 'User not found.' },
  // One code for an unknown address, a wrong password, no password and a ban: nobody learns which (ENU-01).
  invalid_credentials: { status: 401, title: 'The e-mail address or password is incorrect.' },
});

import { defineErrors } from '../../errors.ts';

export const userErrors = defineErrors({
  // Only for callers who know the password, or are signed in.
  email_not_verified: { status: 403, title: 'Verify your e-mail address first.' },
  // For every flow that would make an account, whatever the address.
  registration_closed: { status: 403, title: 'No new accounts can be created here at the moment.' },
  // While the account is being recovered, for whoever is signed in to it (LNK-15).
  recovery_required: {
    status: 403,
    title: 'This account is being recovered. Choose a new password by the link in the e-mail first.',
  },
  // For operators.
  user_not_found: { status: 404, title: 'User not found.' },
  // One code for an unknown address, a wrong password, no password and a ban: nobody learns which (ENU-01).
  invalid_credentials: { status: 401, title: 'The e-mail address or password is incorrect.' },
});

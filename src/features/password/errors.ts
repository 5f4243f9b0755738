import { defineErrors } from '../../errors.ts';

export const passwordErrors = defineErrors({
  password_too_common: { status: 400, title: 'This password is too easy to guess.' },
  password_breached: { status: 400, title: 'This password is known from a data breach.' },
  password_unchanged: { status: 400, title: 'The new password must differ from the current one.' },
  // Only for callers who know the password.
  email_not_verified: { status: 403, title: 'Verify your e-mail address first.' },
  email_taken: { status: 409, title: 'An account with this e-mail address already exists.' },
});

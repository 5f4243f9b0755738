import { defineErrors } from '../../errors.ts';

export const passwordErrors = defineErrors({
  password_too_common: { status: 400, title: 'This password is too easy to guess.' },
  password_breached: { status: 400, title: 'This password is known from a data breach.' },
  password_unchanged: { status: 400, title: 'The new password is the one that you have.' },
  // Told to whoever has the right password alone.
  email_not_verified: { status: 403, title: 'The e-mail address has to be verified first.' },
  email_taken: { status: 409, title: 'An account with this e-mail address exists already.' },
});

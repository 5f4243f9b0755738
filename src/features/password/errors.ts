import { defineErrors } from '../../errors.ts';

export const passwordErrors = defineErrors({
  password_too_common: { status: 400, title: 'This password is too easy to guess.' },
  password_breached: { status: 400, title: 'This password is known from a data breach.' },
  password_unchanged: { status: 400, title: 'The new password must differ from the current one.' },
  email_taken: { status: 409, title: 'An account with this e-mail address already exists.' },
});

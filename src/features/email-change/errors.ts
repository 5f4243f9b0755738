import { defineErrors } from '../../errors.ts';

export const emailChangeErrors = defineErrors({
  email_unchanged: { status: 400, title: 'This is the e-mail address that your account has.' },
});

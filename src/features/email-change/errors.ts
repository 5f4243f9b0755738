import { defineErrors } from '../../errors.ts';

export const emailChangeErrors = defineErrors({
  email_unchanged: { status: 400, title: 'The new e-mail address must differ from the current one.' },
});

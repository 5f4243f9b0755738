import { defineErrors } from '../../errors.ts';

export const emailCodeErrors = defineErrors({
  email_code_unavailable: {
    status: 409,
    title: 'This account cannot authenticate again by a code that is sent by e-mail.',
  },
});

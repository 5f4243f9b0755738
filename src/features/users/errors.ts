import { defineErrors } from '../../errors.ts';

export const userErrors = defineErrors({
  // One code for unknown address, wrong password, no password and banned: nobody learns which (ENU-01).
  invalid_credentials: { status: 401, title: 'E-mail or password is not correct.' },
});

import { defineErrors } from '../../errors.ts';

export const userErrors = defineErrors({
  // One code for an unknown address, a wrong password, no password and a ban: nobody learns which (ENU-01).
  invalid_credentials: { status: 401, title: 'The e-mail address or password is incorrect.' },
});

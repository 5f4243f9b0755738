import { defineErrors } from '../../errors.ts';

export const emailVerificationErrors = defineErrors({
  // The same for a missing and a wrong password: the link alone does not prove that its holder registered (LNK-07).
  password_required: { status: 400, title: 'Enter the password of the account to verify its address.' },
});

import { defineErrors } from '../../errors.ts';

export const emailVerificationErrors = defineErrors({
  // Absent and wrong alike: whoever holds the link has yet to show that it was they who registered (LNK-07).
  password_required: { status: 400, title: 'The password of the account is needed to verify its address.' },
});

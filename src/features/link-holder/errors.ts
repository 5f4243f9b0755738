import { defineErrors } from '../../errors.ts';

export const linkHolderErrors = defineErrors({
  // The same for a missing and a wrong password: a link alone does not prove whose account it is (LNK-07, LNK-11).
  password_required: { status: 400, title: 'Enter the password of the account to use this link.' },
});

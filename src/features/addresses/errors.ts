import { defineErrors } from '../../errors.ts';

export const addressErrors = defineErrors({
  // For who has proved the address, or says nothing of whether it has an account (ENU-11).
  account_exists: {
    status: 409,
    title: 'An account has this address already. Sign in to it in another way.',
  },
});

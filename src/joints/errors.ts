import { defineErrors } from '../errors.ts';

/** What ways to show who one is share, of whichever feature they are. */
export const proofErrors = defineErrors({
  // One code for a wrong code, one that has expired or was used before, one of somebody else, and one for an account
  // that has none.
  invalid_code: { status: 401, title: 'The code is incorrect or was used before.' },
});

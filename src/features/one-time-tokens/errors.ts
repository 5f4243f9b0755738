import { defineErrors } from '../../errors.ts';

export const oneTimeTokenErrors = defineErrors({
  // One code for forged, expired, spent, of another kind, and of an account that is gone (ENU-09, RST-08).
  token_invalid: { status: 400, title: 'This link is not valid any more. Please ask for a new one.' },
});

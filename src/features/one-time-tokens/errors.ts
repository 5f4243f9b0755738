import { defineErrors } from '../../errors.ts';

export const oneTimeTokenErrors = defineErrors({
  // One code for a token that is forged, expired, consumed, of another kind, or of a deleted account (ENU-09,
  // RST-08).
  token_invalid: { status: 400, title: 'This link is no longer valid. Please ask for a new one.' },
});

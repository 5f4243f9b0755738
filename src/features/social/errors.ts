import { defineErrors } from '../../errors.ts';

export const socialErrors = defineErrors({
  identity_not_found: { status: 404, title: 'Your account has no sign-in at this provider.' },
  identity_already_linked: {
    status: 409,
    title: 'Your account has a sign-in at this provider already. Remove that one first.',
  },
  last_sign_in_method: {
    status: 409,
    title: 'This is the only way to sign in to your account. Set a password or link another provider first.',
  },
  // One code for a code that is forged, expired, redeemed or asked for by another verifier.
  code_invalid: { status: 400, title: 'This code is no longer valid. Please sign in again.' },
  provider_error: {
    status: 502,
    title: 'The identity provider did not answer as it should. Please try again.',
  },
  // One code for an ID token that is forged, expired, used, of another client or with another nonce.
  id_token_invalid: { status: 401, title: 'The ID token was not accepted. Please sign in again.' },
  // One code for a state that is missing, forged, used up, of another browser or provider, or too old (OAU-01).
  transaction_invalid: {
    status: 400,
    title: 'This sign-in has expired or was completed already. Please start again.',
  },
  access_denied: { status: 403, title: 'You cannot sign in with this identity.' },
  provider_cannot_reauthenticate: {
    status: 409,
    title:
      'This provider does not say when you signed in there. Please confirm your identity in another way.',
  },
  session_not_by_cookie: {
    status: 409,
    title: 'Only a session with cookies can be confirmed at a provider. Please sign in again instead.',
  },
});

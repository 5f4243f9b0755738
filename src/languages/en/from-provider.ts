/** Why a visit to a provider came to nothing, by the code that it brought back. */
export const fromProvider = {
  /** Of a sign-in. */
  signIn: {
    access_denied: 'Nobody was signed in. Please try again, or sign in in another way.',
    provider_error: 'The other service could not be reached. Please try again in a moment.',
    transaction_invalid: 'This visit has expired. Please try again.',
    email_not_verified:
      'The other service does not vouch for your e-mail address. Confirm the address there, or by our e-mail, and try again.',
    account_exists:
      'There is an account with this address already. Sign in to it in another way, and connect the accounts there.',
    registration_closed: 'No new accounts can be created here at the moment. Please try again later.',
    two_factor_required: 'Please sign in again, and have the code of your authenticator app ready.',
    rate_limited: 'Too many sign-ins came from here. Please wait for a while, and try again.',
    otherwise: 'The sign-in did not succeed. Please try again.',
  },
  /** Of somebody who is signed in, and wanted to connect an account or to confirm that it is them. */
  account: {
    access_denied: 'You came back without a confirmation. Nothing was changed.',
    provider_error: 'The other service could not be reached. Please try again in a moment.',
    transaction_invalid:
      'This visit has expired, or you were somebody else there. Nothing was changed: please try again.',
    account_exists:
      'The account that you chose there is connected to another account here. Nothing was changed.',
    identity_already_linked: 'Your account has a sign-in at this provider already. Remove that one first.',
    reauthentication_required: 'Please confirm first that it is you, and try again.',
    rate_limited: 'Too many visits came from here. Please wait for a while, and try again.',
    otherwise: 'That did not succeed, and nothing was changed. Please try again.',
  },
};

export type FromProviderTexts = typeof fromProvider;

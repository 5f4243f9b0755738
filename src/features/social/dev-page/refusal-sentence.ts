/** What to do about each failure that a browser brings back from a provider, for a developer. */
const sentences: Readonly<Record<string, string>> = {
  access_denied:
    'Nobody was let in: the sign-in was cancelled at the provider, or the account is banned. Try again, or as somebody else.',
  provider_error:
    'The provider could not be used. The log of the service says why, at identity_provider_failed: check the variables of the provider, and try again.',
  transaction_invalid:
    'This visit to the provider has expired, was completed already, or was begun elsewhere. Open this page at the origin of BASE_URL, and try again from here.',
  email_not_verified:
    'The address is not verified. Verify it at the provider, or by the mail that was sent (see /dev/outbox), and try again.',
  account_exists:
    'There is an account with this address or this sign-in already. Sign in to it in another way, and link the provider there.',
  registration_closed:
    'No account is made: REGISTRATION is closed, or allowSignUp of the provider is false. Sign in to an account that exists, and link the provider there.',
  two_factor_required:
    'The account asks for a second factor, for which this page has no field: send the code with the challenge cookie to POST /api/auth/login/two-factor within ten minutes, and load this page again.',
  rate_limited: 'Too many sign-ins came from here. Wait for a while, and try again.',
  reauthentication_required:
    'The account was last authenticated too long ago for this, or not by its second factor. Confirm below who you are, or by POST /api/auth/reauthenticate, and try again.',
  identity_already_linked:
    'The account has another sign-in at this provider. Remove that one first, and link the new one then.',
};

const otherwise = 'The sign-in did not succeed. Please try again.';

/** What to do about a failure; undefined for one that only its own title tells. */
export function refusalSentence(code: string): string | undefined {
  return Object.hasOwn(sentences, code) ? sentences[code] : undefined;
}

/** What to do about a code that an address says. Nothing of the address is in it (HDR-04). */
export function broughtSentence(code: string): string {
  return refusalSentence(code) ?? otherwise;
}

import { defineErrors } from '../../errors.ts';

export const twoFactorErrors = defineErrors({
  // One code for a challenge that is forged, expired, used, of a banned account, or has taken five codes.
  challenge_expired: { status: 401, title: 'This sign-in has expired. Please enter your password again.' },
  two_factor_setup_required: {
    status: 409,
    title: 'Start the setup of two-factor authentication first: it is open for an hour.',
  },
  two_factor_not_enabled: { status: 409, title: 'Two-factor authentication is not turned on.' },
  two_factor_unavailable: {
    status: 503,
    title: 'Two-factor authentication cannot be turned on right now. Please try again later.',
  },
});

import { defineErrors } from '../../errors.ts';

export const sessionErrors = defineErrors({
  reauthentication_required: {
    status: 403,
    title: 'You signed in too long ago for this. Please confirm that it is you.',
  },
  session_not_found: { status: 404, title: 'You have no session with this id.' },
  session_expired: { status: 401, title: 'Session not found or expired' },
  refresh_token_reused: {
    status: 401,
    title: 'This refresh token was used before. The session was ended; please sign in again.',
  },
});

import { defineErrors } from '../../errors.ts';

export const sessionErrors = defineErrors({
  session_expired: { status: 401, title: 'Session not found or expired' },
  refresh_token_reused: {
    status: 401,
    title: 'This refresh token was used before. The session was ended; please sign in again.',
  },
});

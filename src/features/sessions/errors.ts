import { defineErrors } from '../../errors.ts';

export const sessionErrors = defineErrors({
  reauthentication_required: {
    status: 403,
    title: 'You signed in too long ago. Please confirm your identity first.',
  },
  session_not_found: { status: 404, title: 'You have no session with this id.' },
  session_expired: { status: 401, title: 'Session not found or expired' },
  refresh_token_reused: {
    status: 401,
    title: 'This refresh token was already used, so the session has ended. Please sign in again.',
  },
});

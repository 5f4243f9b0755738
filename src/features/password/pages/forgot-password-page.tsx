import { mailPage } from '../../../http/mail-page.tsx';
import { requestPasswordReset } from '../reset/request-password-reset.ts';
import { ForgotPasswordRequest } from '../reset/schemas.ts';

/** Asks for a reset link. */
export const page = mailPage({
  ...{ id: 'forgot', path: '/forgot-password', schema: ForgotPasswordRequest },
  text: ({ signIn }) => signIn.forgot,
  send: requestPasswordReset,
});

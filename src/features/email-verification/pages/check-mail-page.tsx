import { mailPage } from '../../../http/mail-page.tsx';
import { resendVerification } from '../resend/resend-verification.ts';
import { ResendRequest } from '../schemas.ts';

/** Sends the mail for a verification once more. */
export const page = mailPage({
  ...{ id: 'check-mail', path: '/check-your-mail', schema: ResendRequest },
  text: ({ signIn }) => signIn.checkMail,
  send: resendVerification,
});

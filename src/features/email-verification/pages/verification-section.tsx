import { type AccountSectionModule, fieldsOfForm, problemOfForm } from '../../../http/account-section.ts';
import { seeOther } from '../../../http/page-request.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import { resendVerification } from '../resend/resend-verification.ts';
import { ResendRequest } from '../schemas.ts';

/** Sends the verification once more, where the address of the account still waits for it. */
export const section: AccountSectionModule = {
  async show({ language, deps }, { email, emailVerified }, refused) {
    if (emailVerified || deps.config.emailVerification === 'off') return null;
    const { resendIntro, resend } = language.account.email;
    const body = (
      <>
        <p class="muted">{resendIntro}</p>
        <Form
          id="verification"
          action="/account"
          hidden={{ section: 'verification', action: 'resend', email }}
          submit={resend}
          look="plain"
          refusal={problemOfForm(refused, 'resend')}
        />
      </>
    );
    return { title: language.signIn.checkMail.title, body };
  },

  async receive({ deps }, fields) {
    const { email } = validate(ResendRequest, fieldsOfForm(fields, 'resend'));
    await resendVerification(deps, email);
    return seeOther('/account#verification', 'verification_sent');
  },
};

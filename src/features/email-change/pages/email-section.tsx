import {
  type AccountSectionModule,
  fieldsOfForm,
  problemOfForm,
  typedInto,
} from '../../../http/account-section.ts';
import { seeOther } from '../../../http/page-request.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import { requestEmailChange } from '../request/request-email-change.ts';
import { ChangeEmailRequest } from '../schemas.ts';

/** The address of the account, and a change of it, which the new mailbox has to confirm. */
export const section: AccountSectionModule = {
  async show({ language }, { email, emailVerified }, refused) {
    const { title, verified, unverified, newEmail, newEmailHint, submit } = language.account.email;
    const body = (
      <>
        <p>
          <strong>{email}</strong>
          <span class={emailVerified ? 'badge' : 'badge warn'}>{emailVerified ? verified : unverified}</span>
        </p>
        <Form
          id="email"
          action="/account"
          hidden={{ section: 'email', action: 'change' }}
          fields={[
            {
              ...{ name: 'newEmail', label: newEmail, type: 'email', autocomplete: 'email' },
              ...{ hint: newEmailHint, value: typedInto(refused, 'change', 'newEmail') },
            },
          ]}
          submit={submit}
          look="plain"
          refusal={problemOfForm(refused, 'change')}
        />
      </>
    );
    return { title, body };
  },

  async receive({ deps, caller }, fields) {
    const { newEmail } = validate(ChangeEmailRequest, fieldsOfForm(fields, 'change'));
    await requestEmailChange(deps, caller, newEmail);
    return seeOther('/account#email', 'email_change_requested');
  },

  toldAt: { email_unchanged: { field: 'newEmail' }, email_taken: { field: 'newEmail' } },
};

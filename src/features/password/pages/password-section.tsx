import { type AccountSectionModule, fieldsOfForm, problemOfForm } from '../../../http/account-section.ts';
import { setTokenCookies } from '../../../http/page-caller.ts';
import { seeOther } from '../../../http/page-request.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import type { FieldView } from '../../../ui/page-view.ts';
import { changePassword } from '../own-password/change-password.ts';
import { changePasswordRequest } from '../own-password/schemas.ts';
import { newPasswordFields } from './new-password-fields.ts';

/** The password of the account: changed by the current one, or set for the first time. */
export const section: AccountSectionModule = {
  async show(request, { hasPassword, email }, refused) {
    const { language } = request;
    const { title, intro, none, current, submit, submitFirst } = language.account.password;
    const currentPassword: FieldView = {
      ...{ name: 'currentPassword', label: current, type: 'password', autocomplete: 'current-password' },
    };
    const fields = newPasswordFields(request, { names: ['newPassword', 'confirmPassword'] });
    const body = (
      <>
        <p class="muted">{hasPassword ? intro : none}</p>
        <Form
          id="password"
          action="/account"
          hidden={{ section: 'password', action: 'change' }}
          fields={hasPassword ? [currentPassword, ...fields] : fields}
          username={email}
          submit={hasPassword ? submit : submitFirst}
          refusal={problemOfForm(refused, 'change')}
        />
      </>
    );
    return { title, body };
  },

  async receive({ deps, caller }, fields) {
    const schema = changePasswordRequest(deps.config.password.minLength);
    const { currentPassword: password, newPassword } = validate(schema, fieldsOfForm(fields, 'change'));
    const tokens = await changePassword(deps, { caller, password }, newPassword);
    const response = seeOther('/account#password', 'password_changed');
    setTokenCookies(response, tokens);
    return response;
  },

  toldAt: {
    invalid_credentials: {
      field: 'currentPassword',
      sentence: ({ account }) => account.password.incorrect,
    },
    password_unchanged: { field: 'newPassword' },
  },
};

import {
  type AccountSectionModule,
  fieldsOfForm,
  problemOfForm,
  typedInto,
} from '../../../http/account-section.ts';
import { seeOther } from '../../../http/page-request.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import { ProfileForm } from '../schemas.ts';
import { updateProfile } from '../update-profile.ts';

export const section: AccountSectionModule = {
  async show({ language }, holder, refused) {
    const { title, name, submit } = language.account.profile;
    const value = typedInto(refused, 'save', 'name') ?? holder.name;
    const body = (
      <Form
        id="profile"
        action="/account"
        hidden={{ section: 'profile', action: 'save' }}
        fields={[{ name: 'name', label: name, type: 'text', autocomplete: 'name', value }]}
        submit={submit}
        refusal={problemOfForm(refused, 'save')}
      />
    );
    return { title, body };
  },

  async receive({ deps, caller }, fields) {
    await updateProfile(deps, caller, validate(ProfileForm, fieldsOfForm(fields, 'save')));
    return seeOther('/account', 'profile_saved');
  },
};

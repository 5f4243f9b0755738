import { type AccountSectionModule, fieldsOfForm, problemOfForm } from '../../../http/account-section.ts';
import { seeOther } from '../../../http/page-request.ts';
import { Form } from '../../../ui/form.tsx';
import { exportAccount } from '../export/export-account.ts';

export const section: AccountSectionModule = {
  async show({ language }, _holder, refused) {
    const { title, intro, submit } = language.account.data;
    const hidden = { section: 'data', action: 'export' };
    const refusal = problemOfForm(refused, 'export');
    const body = (
      <>
        <p class="muted">{intro}</p>
        <Form id="data" action="/account" {...{ hidden, submit, refusal }} look="plain" />
      </>
    );
    return { title, body };
  },

  async receive({ c, deps, caller, isContinued }, fields) {
    fieldsOfForm(fields, 'export');
    // A download leaves the page on the screen that asked for it, which should be this one.
    if (isContinued) return seeOther('/account#data', 'confirmed');
    const data = await exportAccount(deps, caller);
    c.header('Content-Disposition', 'attachment; filename="nexora-account.json"');
    return c.json({ success: true, ...data });
  },
};

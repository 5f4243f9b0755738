import { commonErrors } from '../../../errors.ts';
import type { AccountSectionModule } from '../../../http/account-section.ts';

/** Leads to the page that asks again. */
export const section: AccountSectionModule = {
  async show({ language }) {
    const { title, intro, link } = language.account.deletion;
    const body = (
      <>
        <p class="muted">{intro}</p>
        <p>
          <a class="button danger" href="/account/delete">
            {link}
          </a>
        </p>
      </>
    );
    return { title, body };
  },

  async receive() {
    throw commonErrors.malformed_form();
  },
};

import type { Config } from '../../../config.ts';
import { commonErrors } from '../../../errors.ts';
import type { PageModule } from '../../../http/page.ts';
import { answerView, type PageRequest } from '../../../http/page-request.ts';
import { pathId } from '../../../http/path-id.ts';
import { findMail, listMails } from '../read-mail.ts';
import { mailView, outboxView } from './outbox-view.tsx';

type Shown = Pick<PageModule<PageRequest>, 'show'>;

/** The mails that the outbox has kept. */
export const listPage: Shown = {
  async show(request) {
    requireOutbox(request.deps.config);
    return answerView(request, outboxView(await listMails(request.deps)));
  },
};

/** One of them. */
export const mailPage: Shown = {
  async show(request) {
    const { c, deps } = request;
    requireOutbox(deps.config);
    const id = pathId(c);
    const mail = id === null ? null : await findMail(deps, id);
    if (mail === null) throw commonErrors.not_found();
    return answerView(request, mailView(mail));
  },
};

/** The pages are there only while mails are kept in the outbox. */
function requireOutbox({ isDevelopment, mail }: Config): void {
  if (!isDevelopment || mail.transport !== 'outbox') throw commonErrors.not_found();
}

import type { Config } from '../../../config.ts';
import { commonErrors } from '../../../errors.ts';
import type { PageModule } from '../../../http/page.ts';
import { pathId } from '../../../http/path-id.ts';
import { answerVisit, type Visit } from '../../../http/visit.ts';
import { findMail, listMails } from '../read-mail.ts';
import { mailView, outboxView } from './outbox-view.tsx';

type Shown = Pick<PageModule<Visit>, 'show'>;

/** The mails that the outbox has kept. */
export const listPage: Shown = {
  async show(visit) {
    requireOutbox(visit.deps.config);
    return answerVisit(visit, outboxView(await listMails(visit.deps)));
  },
};

/** One of them. */
export const mailPage: Shown = {
  async show(visit) {
    const { c, deps } = visit;
    requireOutbox(deps.config);
    const id = pathId(c);
    const mail = id === null ? null : await findMail(deps, id);
    if (mail === null) throw commonErrors.not_found();
    return answerVisit(visit, mailView(mail));
  },
};

/** The pages are there only while mails are kept in the outbox. */
function requireOutbox({ isDevelopment, mail }: Config): void {
  if (!isDevelopment || mail.transport !== 'outbox') throw commonErrors.not_found();
}

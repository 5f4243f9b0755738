import { commonErrors } from '../../../errors.ts';
import type { PageModule } from '../../../http/page.ts';
import { answerView, type PageRequest } from '../../../http/page-request.ts';
import { pathId } from '../../../http/path-id.ts';
import { findMail, listMails } from '../read-mail.ts';
import { mailView, outboxView } from './outbox-view.tsx';

/** The mails that the outbox has kept, or the one that the path names; it is there only while mails are kept there. */
export const page: Pick<PageModule<PageRequest>, 'show'> = {
  async show(request) {
    const { c, deps } = request;
    const { isDevelopment, mail: settings } = deps.config;
    if (!isDevelopment || settings.transport !== 'outbox') throw commonErrors.not_found();
    if (c.req.param('id') === undefined) return answerView(request, outboxView(await listMails(deps)));
    const id = pathId(c);
    const mail = id === null ? null : await findMail(deps, id);
    if (mail === null) throw commonErrors.not_found();
    return answerView(request, mailView(mail));
  },
};

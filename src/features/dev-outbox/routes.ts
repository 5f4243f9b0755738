import type { Config } from '../../config.ts';
import { commonErrors } from '../../errors.ts';
import { defineDeveloperPage } from '../../http/page-route.ts';
import { pathId } from '../../http/path-id.ts';
import type { Route } from '../../http/route.ts';
import { answerVisit, type Visit } from '../../http/visit.ts';
import { findMail, listMails } from './read-mail.ts';

const path = '/dev/outbox';

const listRoute = defineOutboxPage(path, async (visit) => {
  const { outboxView } = await import('./pages/outbox-view.tsx');
  return answerVisit(visit, outboxView(await listMails(visit.deps)));
});

const mailRoute = defineOutboxPage(`${path}/:id`, async (visit) => {
  const { c, deps } = visit;
  const id = pathId(c);
  const mail = id === null ? null : await findMail(deps, id);
  if (mail === null) throw commonErrors.not_found();
  const { mailView } = await import('./pages/outbox-view.tsx');
  return answerVisit(visit, mailView(mail));
});

export const routes: readonly Route[] = [listRoute, mailRoute];

/** Defines a page that exists only in development, and only while mails are kept in the outbox. */
function defineOutboxPage(pagePath: string, show: (visit: Visit) => Promise<Response>): Route {
  return defineDeveloperPage(pagePath, async (visit) => {
    if (!hasOutbox(visit.deps.config)) throw commonErrors.not_found();
    return show(visit);
  });
}

function hasOutbox({ isDevelopment, mail }: Config): boolean {
  return isDevelopment && mail.transport === 'outbox';
}

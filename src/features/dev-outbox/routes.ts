import type { Config } from '../../config.ts';
import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';
import { answerPage } from '../../http/answer-page.ts';
import type { RequestContext } from '../../http/context.ts';
import { defineDeveloperPage } from '../../http/page-route.ts';
import { pathId } from '../../http/path-id.ts';
import type { Route } from '../../http/route.ts';
import { findMail, listMails } from './read-mail.ts';

const path = '/dev/outbox';

// A page for developers is in English, like the code and its documentation.
const lang = 'en';

const listRoute = defineOutboxPage(path, async (_c, deps) => {
  const mails = await listMails(deps);
  const links = mails.map(({ id, kind, recipient, createdAt, subject }) => ({
    href: `${path}/${id}`,
    text: subject,
    note: `to ${recipient}, ${kind}, ${createdAt}`,
  }));
  const paragraphs =
    mails.length > 0
      ? ['No mail is sent: mails stay here until their links expire. Newest first.']
      : ['There is no mail yet. Register an account or ask for a new password, then load this page again.'];
  return answerPage(200, { lang, title: 'Outbox', paragraphs, links });
});

const mailRoute = defineOutboxPage(`${path}/:id`, async (c, deps) => {
  const id = pathId(c);
  const mail = id === null ? null : await findMail(deps, id);
  if (mail === null) throw commonErrors.not_found();
  const { subject, recipient, kind, createdAt, text, url } = mail;
  const link = url === null ? [] : [{ href: url, text: 'Follow the link', note: url }];
  const back = { href: path, text: 'All mails', note: null };
  const paragraphs = [`To ${recipient}, ${kind}, ${createdAt}`];
  return answerPage(200, { lang, title: subject, paragraphs, preformatted: text, links: [...link, back] });
});

export const routes: readonly Route[] = [listRoute, mailRoute];

/** Defines a page that exists only in development, and only while mails are kept in the outbox. */
function defineOutboxPage(
  pagePath: string,
  show: (c: RequestContext, deps: Deps) => Promise<Response>,
): Route {
  return defineDeveloperPage(pagePath, async (c, deps) => {
    if (!hasOutbox(deps.config)) throw commonErrors.not_found();
    return show(c, deps);
  });
}

function hasOutbox({ isDevelopment, mail }: Config): boolean {
  return isDevelopment && mail.transport === 'outbox';
}

import type { PageModule } from '../../../http/page.ts';
import { setPageLanguage } from '../../../http/page-language.ts';
import { logFailure, toAuthError } from '../../../http/problem.ts';
import { seeOther, type Visit } from '../../../http/visit.ts';
import { findVisitor } from '../../../http/visitor.ts';
import { pageLanguages } from '../../../languages/page-languages.ts';
import { redirectTarget } from '../../../request/redirect-target.ts';
import { updateProfile } from '../update-profile.ts';

/** Remembers the language of pages, and of the mails to somebody who is signed in; leads back to where it was chosen. */
export const languagePage: PageModule<Visit> = {
  show: async () => seeOther('/'),

  async receive(visit, { language = '', returnTo = '/' }) {
    const response = seeOther(ownPath(visit, returnTo));
    if (!Object.hasOwn(pageLanguages, language)) return response;
    setPageLanguage(response.headers, language);
    await rememberForMails(visit, language);
    return response;
  },
};

/** With the database out of reach the pages change their language all the same. */
async function rememberForMails(visit: Visit, locale: string): Promise<void> {
  try {
    const caller = await findVisitor(visit);
    if (caller !== null) await updateProfile(visit.deps, caller, { locale });
  } catch (thrown) {
    const error = toAuthError(thrown);
    if (!['service_unavailable', 'unauthenticated'].includes(error.code)) throw error;
    logFailure(error, visit.c);
  }
}

/** A path of this service, with its query: a page of a link has its token there. */
function ownPath({ deps: { config } }: Visit, asked: string): string {
  const url = asked.startsWith('/') ? redirectTarget(config, asked, { isForApp: false }) : null;
  return url ?? '/';
}

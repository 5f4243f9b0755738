import type { PageModule } from '../../../http/page.ts';
import { findVisitor } from '../../../http/page-caller.ts';
import { type PageRequest, seeOther } from '../../../http/page-request.ts';
import { logFailure, toAuthError } from '../../../http/problem.ts';
import { setPageLanguage } from '../../../http/read-page-language.ts';
import { pageLanguages } from '../../../languages/page-languages.ts';
import { redirectTarget } from '../../../request/redirect-target.ts';
import { updateProfile } from '../update-profile.ts';

/** Remembers the language of pages, and of the mails to somebody who is signed in; leads back to where it was chosen. */
export const page: PageModule<PageRequest> = {
  show: async () => seeOther('/'),

  async receive(request, { language = '', returnTo = '/' }) {
    const response = seeOther(ownPath(request, returnTo));
    if (!Object.hasOwn(pageLanguages, language)) return response;
    setPageLanguage(response.headers, language);
    await rememberForMails(request, language);
    return response;
  },
};

/** With the database out of reach the pages change their language all the same. */
async function rememberForMails(request: PageRequest, locale: string): Promise<void> {
  try {
    const caller = await findVisitor(request);
    if (caller !== null) await updateProfile(request.deps, caller, { locale });
  } catch (thrown) {
    const error = toAuthError(thrown);
    if (!['service_unavailable', 'unauthenticated'].includes(error.code)) throw error;
    logFailure(error, request.c);
  }
}

/** A path of this service, with its query: a page of a link has its token there. */
function ownPath({ deps: { config } }: PageRequest, asked: string): string {
  const url = asked.startsWith('/') ? redirectTarget(config, asked, { isForApp: false }) : null;
  return url ?? '/';
}

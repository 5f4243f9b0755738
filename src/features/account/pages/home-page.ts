import type { PageModule } from '../../../http/page.ts';
import { findVisitor } from '../../../http/page-caller.ts';
import { type PageRequest, seeOther } from '../../../http/page-request.ts';

/** Leads to the account, or to the sign-in. */
export const page: PageModule<PageRequest> = {
  show: async (request) => seeOther((await findVisitor(request)) === null ? '/login' : '/account'),
  receive: async () => seeOther('/'),
};

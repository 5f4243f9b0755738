import type { PageModule } from '../../../http/page.ts';
import { seeOther, type Visit } from '../../../http/visit.ts';
import { findVisitor } from '../../../http/visitor.ts';

/** Leads to the account, or to the sign-in. */
export const homePage: PageModule<Visit> = {
  show: async (visit) => seeOther((await findVisitor(visit)) === null ? '/login' : '/account'),
  receive: async () => seeOther('/'),
};

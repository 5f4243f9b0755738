import type { PageModule } from '../../../http/page.ts';
import { type PageRequest, seeOther } from '../../../http/page-request.ts';

/** A short address for the page of reset links, and without a link the way to one. */
export const page: PageModule<PageRequest> = {
  show: async ({ c }) => {
    const { search, searchParams } = new URL(c.req.url);
    return seeOther(searchParams.has('token') ? `/auth/reset-password${search}` : '/forgot-password');
  },
  receive: async () => seeOther('/forgot-password'),
};

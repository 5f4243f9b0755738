import { loadOnce } from '../load-once.ts';
import type { Page, Site } from './page.ts';
import { markAsMadeByKit, type Route } from './route.ts';

const loadKit = loadOnce(() => import('./serve-page.ts'));

/** The routes of a page: it is shown by GET and takes its forms by POST, from pages of this service alone (CSR-06). */
export function pageRoutes(page: Page, site: Site): Route[] {
  const { path, guard } = page;
  const common = { path, guard, medium: 'page', isSensitive: false, loadBodySchema: null } as const;
  const shown = markAsMadeByKit({
    ...common,
    method: 'GET',
    limit: 'general',
    handle: async (c) => (await loadKit()).showPage(page, site, c),
  });
  if (page.guard === 'developer') return [shown];
  const taken = markAsMadeByKit({
    ...common,
    method: 'POST',
    limit: 'credential',
    handle: async (c) => (await loadKit()).receivePage(page, site, c),
  });
  return [shown, taken];
}

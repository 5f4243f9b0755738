import { defineHotRoute } from '../../http/route.ts';
import { getMe } from './get-me.ts';

const getMeRoute = defineHotRoute(
  { method: 'GET', path: '/api/auth/me', guard: 'session' },
  async (c, { deps, caller }) => c.json({ success: true, ...(await getMe(deps, caller)) }),
);

export const hotRoutes = [getMeRoute];

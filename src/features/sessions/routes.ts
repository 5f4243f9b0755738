import { clearAuthCookies } from '../../http/auth-cookies.ts';
import { readQuery } from '../../http/query.ts';
import { defineRoute } from '../../http/route.ts';
import { hotRoutes } from './hot-routes.ts';
import { listSessions } from './own-sessions/list-sessions.ts';
import { revokeSession, revokeSessions } from './own-sessions/revoke-sessions.ts';
import { RevokeSessionsQuery } from './schemas.ts';

const listSessionsRoute = defineRoute(
  { method: 'GET', path: '/api/auth/sessions', guard: 'session' },
  async (c, { deps, caller }) => c.json({ success: true, sessions: await listSessions(deps, caller) }),
);

const revokeSessionRoute = defineRoute(
  { method: 'DELETE', path: '/api/auth/sessions/:id', guard: 'session' },
  async (c, { deps, caller }) => {
    const isOwnEnd = await revokeSession(deps, caller, c.req.param('id') ?? '');
    const response = c.json({ success: true });
    if (isOwnEnd) clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
);

const revokeSessionsRoute = defineRoute(
  { method: 'DELETE', path: '/api/auth/sessions', guard: 'session' },
  async (c, { deps, caller }) => {
    const { keep } = readQuery(c, RevokeSessionsQuery);
    const revokedCount = await revokeSessions(deps, caller, keep === 'current' ? 'others' : 'all');
    const response = c.json({ success: true, revokedCount });
    if (keep === undefined) clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
);

export const routes = [...hotRoutes, listSessionsRoute, revokeSessionRoute, revokeSessionsRoute];

import type { RequestContext } from '../../http/context.ts';
import { pathId } from '../../http/path-id.ts';
import { defineRoute } from '../../http/route.ts';
import { userErrors } from '../users/index.ts';
import { banUser } from './ban-user.ts';
import { cleanupSessions } from './cleanup-sessions.ts';
import { initDb } from './init-db.ts';
import { signOutUser } from './sign-out-user.ts';
import { unbanUser } from './unban-user.ts';

const cleanupSessionsRoute = defineRoute(
  { method: 'POST', path: '/api/admin/cleanup-sessions', guard: 'cron', limit: 'credential' },
  async (c, { deps }) => {
    const deletedCount = await cleanupSessions(deps);
    return c.json({ success: true, message: `Cleaned up ${deletedCount} expired sessions`, deletedCount });
  },
);

const initDbRoute = defineRoute(
  { method: 'POST', path: '/api/admin/init-db', guard: 'developer' },
  async (c, { deps }) => c.json({ success: true, applied: await initDb(deps) }),
);

const signOutRoute = defineRoute(
  { method: 'POST', path: '/api/admin/users/:id/sign-out', guard: 'admin', limit: 'credential' },
  async (c, { deps }) => c.json({ success: true, revokedCount: await signOutUser(deps, namedUser(c)) }),
);

const banRoute = defineRoute(
  { method: 'POST', path: '/api/admin/users/:id/ban', guard: 'admin', limit: 'credential' },
  async (c, { deps }) => c.json({ success: true, revokedCount: await banUser(deps, namedUser(c)) }),
);

const unbanRoute = defineRoute(
  { method: 'POST', path: '/api/admin/users/:id/unban', guard: 'admin', limit: 'credential' },
  async (c, { deps }) => {
    await unbanUser(deps, namedUser(c));
    return c.json({ success: true });
  },
);

export const routes = [cleanupSessionsRoute, initDbRoute, signOutRoute, banRoute, unbanRoute];

/** A malformed id is answered like an unknown one. */
function namedUser(c: RequestContext): string {
  const id = pathId(c);
  if (id === null) throw userErrors.user_not_found();
  return id;
}

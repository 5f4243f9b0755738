import { clearAuthCookies } from '../../http/auth-cookies.ts';
import { readQuery } from '../../http/query.ts';
import { defineRoute } from '../../http/route.ts';
import { listSecurityEvents, SecurityEventsQuery } from '../security-events/index.ts';
import { liveCaller } from '../sessions/index.ts';
import { deleteAccount } from './deletion/delete-account.ts';
import { exportAccount } from './export/export-account.ts';
import { hotRoutes } from './hot-routes.ts';
import { DeleteAccountRequest, UpdateMeRequest } from './schemas.ts';
import { updateProfile } from './update-profile.ts';

const path = '/api/auth/me';

const updateMeRoute = defineRoute(
  { method: 'PATCH', path, guard: 'session', body: UpdateMeRequest },
  async (c, { deps, caller, body }) => {
    return c.json({ success: true, user: await updateProfile(deps, caller, body) });
  },
);

const listSecurityEventsRoute = defineRoute(
  { method: 'GET', path: '/api/auth/security-events', guard: 'session' },
  async (c, { deps, caller }) => {
    const { cursor } = readQuery(c, SecurityEventsQuery);
    const { events, nextCursor } = await listSecurityEvents(deps, liveCaller(caller), cursor);
    // The reason is for our own pages: its words may change.
    return c.json({ success: true, events: events.map(({ reason: _, ...event }) => event), nextCursor });
  },
);

const exportRoute = defineRoute(
  { method: 'GET', path: `${path}/export`, guard: 'session', limit: 'credential', isSensitive: true },
  async (c, { deps, caller }) => {
    const data = await exportAccount(deps, caller);
    c.header('Content-Disposition', 'attachment; filename="nexora-account.json"');
    return c.json({ success: true, ...data });
  },
);

const deleteAccountRoute = defineRoute(
  {
    method: 'DELETE',
    path,
    guard: 'session',
    limit: 'credential',
    isSensitive: true,
    body: DeleteAccountRequest,
    isBodyOptional: true,
  },
  async (c, { deps, caller, body: { password } }) => {
    await deleteAccount(deps, { caller, password });
    const response = c.json({ success: true, message: 'Account deleted' });
    clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
);

export const routes = [...hotRoutes, updateMeRoute, deleteAccountRoute, listSecurityEventsRoute, exportRoute];

import { readQuery } from '../../http/query.ts';
import { defineRoute } from '../../http/route.ts';
import { getMe } from './get-me.ts';
import { SecurityEventsQuery, UpdateMeRequest } from './schemas.ts';
import { listSecurityEvents } from './security-events/list-security-events.ts';
import { updateProfile } from './update-profile.ts';

const path = '/api/auth/me';

const getMeRoute = defineRoute({ method: 'GET', path, guard: 'session' }, async (c, { deps, caller }) => {
  return c.json({ success: true, ...(await getMe(deps, caller)) });
});

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
    return c.json({ success: true, ...(await listSecurityEvents(deps, caller, cursor)) });
  },
);

export const routes = [getMeRoute, updateMeRoute, listSecurityEventsRoute];

import { clearAuthCookies } from '../../http/auth-cookies.ts';
import { readQuery } from '../../http/query.ts';
import type { Handler } from '../../http/route.ts';
import { listSecurityEvents, SecurityEventsQuery } from '../security-events/index.ts';
import { liveCaller } from '../sessions/index.ts';
import { deleteAccount } from './deletion/delete-account.ts';
import { exportAccount } from './export/export-account.ts';
import { DeleteAccountRequest, UpdateMeRequest } from './schemas.ts';
import { updateProfile } from './update-profile.ts';

export const updateMeHandler: Handler<'session', typeof UpdateMeRequest> = {
  body: UpdateMeRequest,
  answer: async (c, { deps, caller, body }) => {
    return c.json({ success: true, user: await updateProfile(deps, caller, body) });
  },
};

export const listSecurityEventsHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) => {
    const { cursor } = readQuery(c, SecurityEventsQuery);
    const { events, nextCursor } = await listSecurityEvents(deps, liveCaller(caller), cursor);
    // The reason is for our own pages: its words may change.
    return c.json({ success: true, events: events.map(({ reason: _, ...event }) => event), nextCursor });
  },
};

export const exportHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) => {
    const data = await exportAccount(deps, caller);
    c.header('Content-Disposition', 'attachment; filename="nexora-account.json"');
    return c.json({ success: true, ...data });
  },
};

export const deleteAccountHandler: Handler<'session', typeof DeleteAccountRequest> = {
  body: DeleteAccountRequest,
  answer: async (c, { deps, caller, body: { password } }) => {
    await deleteAccount(deps, { caller, password });
    const response = c.json({ success: true, message: 'Account deleted' });
    clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
};

import { clearAuthCookies } from '../../http/auth-cookies.ts';
import { readQuery } from '../../http/query.ts';
import type { Handler } from '../../http/route.ts';
import { listSessions } from './own-sessions/list-sessions.ts';
import { revokeSession, revokeSessions } from './own-sessions/revoke-sessions.ts';
import { RevokeSessionsQuery } from './schemas.ts';

export const listSessionsHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) =>
    c.json({ success: true, sessions: await listSessions(deps, caller) }),
};

export const revokeSessionHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) => {
    const isOwnEnd = await revokeSession(deps, caller, c.req.param('id') ?? '');
    const response = c.json({ success: true });
    if (isOwnEnd) clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
};

export const revokeSessionsHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) => {
    const { keep } = readQuery(c, RevokeSessionsQuery);
    const revokedCount = await revokeSessions(deps, caller, keep === 'current' ? 'others' : 'all');
    const response = c.json({ success: true, revokedCount });
    if (keep === undefined) clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
};

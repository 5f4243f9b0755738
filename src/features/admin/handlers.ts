import type { RequestContext } from '../../http/context.ts';
import { pathId } from '../../http/path-id.ts';
import type { Handler } from '../../http/route.ts';
import { userErrors } from '../users/index.ts';
import { banUser, signOutUser, unbanUser } from './act-on-user.ts';
import { cleanupSessions } from './cleanup-sessions.ts';
import { initDb } from './init-db.ts';

export const cleanupSessionsHandler: Handler<'cron'> = {
  answer: async (c, { deps }) => {
    const deletedCount = await cleanupSessions(deps);
    return c.json({ success: true, message: `Cleaned up ${deletedCount} expired sessions`, deletedCount });
  },
};

export const initDbHandler: Handler<'developer'> = {
  answer: async (c, { deps }) => c.json({ success: true, applied: await initDb(deps) }),
};

export const signOutHandler: Handler<'admin'> = {
  answer: async (c, { deps }) =>
    c.json({ success: true, revokedCount: await signOutUser(deps, namedUser(c)) }),
};

export const banHandler: Handler<'admin'> = {
  answer: async (c, { deps }) => c.json({ success: true, revokedCount: await banUser(deps, namedUser(c)) }),
};

export const unbanHandler: Handler<'admin'> = {
  answer: async (c, { deps }) => {
    await unbanUser(deps, namedUser(c));
    return c.json({ success: true });
  },
};

/** A malformed id is answered like an unknown one. */
function namedUser(c: RequestContext): string {
  const id = pathId(c);
  if (id === null) throw userErrors.user_not_found();
  return id;
}

import type { Deps } from '../../deps.ts';
import type { VisitorReader } from '../../joints/visitor-reader.ts';
import type { PresentedRefreshToken } from './judge-token.sql.ts';
import { refresh, targetOf } from './refresh.ts';
import { findLiveCaller, lookAtSession } from './refresh-session.sql.ts';

/** Who visits a page, by the tokens of the cookies. */
export const sessionVisitorReader: VisitorReader = {
  isLive: async ({ db }, caller) => findLiveCaller(db, caller),
  look: async (deps, token) => {
    const target = targetOf(deps, { token, transport: 'cookie' });
    return isOurs(target) ? lookAtSession(deps.db, target, settingsOfLook(deps)) : null;
  },
  isGenuine: (deps, token) => isOurs(targetOf(deps, { token, transport: 'cookie' })),
  refresh: (deps, token) => refresh(deps, { token, transport: 'cookie' }),
};

/** A token of the legacy application is opened by a refresh alone. */
function isOurs(target: PresentedRefreshToken | null): target is PresentedRefreshToken {
  return target !== null && 'sessionId' in target.key;
}

function settingsOfLook({ config: { session } }: Deps) {
  return { idleTtlSeconds: session.idleTtlSeconds, refreshGraceSeconds: session.refreshGraceSeconds };
}

import { defineLinkPage } from '../../http/page-route.ts';
import { pathId } from '../../http/path-id.ts';
import { defineRoute } from '../../http/route.ts';
import { LinkRequest } from '../one-time-tokens/index.ts';
import { answerTokens } from '../sessions/index.ts';
import { userErrors } from '../users/index.ts';
import { renewBackupCodes } from './backup-codes/renew-backup-codes.ts';
import { proofOf } from './check/proof.ts';
import { disableTwoFactor } from './disabling/disable-two-factor.ts';
import { keepTwoFactor } from './keep/keep-two-factor.ts';
import { listFactors } from './list/list-factors.ts';
import { resetTwoFactor } from './operator-reset/reset-two-factor.ts';
import { DisableRequest, EmptyRequest, EnableRequest } from './schemas.ts';
import { secondStepRoute } from './second-step/routes.ts';
import { enableTwoFactor } from './setup/enable-two-factor.ts';
import { startSetup } from './setup/start-setup.ts';

const path = '/api/auth/two-factor';
/** What its owner alone may do. */
const sensitive = { guard: 'session', limit: 'credential', isSensitive: true } as const;

const setupRoute = defineRoute(
  { method: 'POST', path: `${path}/setup`, ...sensitive, body: EmptyRequest, isBodyOptional: true },
  async (c, { deps, caller }) => c.json({ success: true, ...(await startSetup(deps, caller)) }),
);

const enableRoute = defineRoute(
  { method: 'POST', path: `${path}/enable`, ...sensitive, body: EnableRequest },
  async (c, { deps, caller, body: { code } }) => {
    const { backupCodes, tokens } = await enableTwoFactor(deps, caller, code);
    return answerTokens(c, 200, tokens, { backupCodes });
  },
);

const listRoute = defineRoute({ method: 'GET', path, guard: 'session' }, async (c, { deps, caller }) =>
  c.json({ success: true, ...(await listFactors(deps, caller)) }),
);

const disableRoute = defineRoute(
  { method: 'POST', path: `${path}/disable`, ...sensitive, body: DisableRequest },
  async (c, { deps, caller, body }) => {
    await disableTwoFactor(deps, caller, proofOf(body));
    return c.json({ success: true, message: 'Two-factor authentication is off' });
  },
);

const backupCodesRoute = defineRoute(
  {
    ...{ method: 'POST', path: `${path}/backup-codes`, ...sensitive },
    ...{ body: EmptyRequest, isBodyOptional: true },
  },
  async (c, { deps, caller }) => c.json({ success: true, backupCodes: await renewBackupCodes(deps, caller) }),
);

const resetRoute = defineRoute(
  { method: 'POST', path: '/api/admin/users/:id/two-factor/reset', guard: 'admin', limit: 'credential' },
  async (c, { deps }) => {
    // A malformed id is answered like an unknown one.
    const userId = pathId(c);
    if (userId === null) throw userErrors.user_not_found();
    const effectiveAt = await resetTwoFactor(deps, userId);
    return c.json({ success: true, effectiveAt: effectiveAt.toISOString() }, 202);
  },
);

const keepRoute = defineRoute(
  { method: 'POST', path: `${path}/keep`, guard: 'anyone', limit: 'credential', body: LinkRequest },
  async (c, { deps, body: { token } }) => {
    await keepTwoFactor(deps, token);
    return c.json({ success: true, message: 'Two-factor authentication stays on' });
  },
);

const keepPage = defineLinkPage(
  { path: '/auth/keep-two-factor', name: 'keepTwoFactor', form: LinkRequest },
  async (_c, { deps, body: { token } }) => {
    await keepTwoFactor(deps, token);
    return undefined;
  },
);

export const routes = [
  ...[secondStepRoute, setupRoute, enableRoute, listRoute, disableRoute, backupCodesRoute],
  ...[resetRoute, keepRoute, ...keepPage],
];

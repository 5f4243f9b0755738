import { pathId } from '../../http/path-id.ts';
import type { Handler } from '../../http/route.ts';
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
import { enableTwoFactor } from './setup/enable-two-factor.ts';
import { startSetup } from './setup/start-setup.ts';

export const setupHandler: Handler<'session', typeof EmptyRequest> = {
  body: EmptyRequest,
  answer: async (c, { deps, caller }) => c.json({ success: true, ...(await startSetup(deps, caller)) }),
};

export const enableHandler: Handler<'session', typeof EnableRequest> = {
  body: EnableRequest,
  answer: async (c, { deps, caller, body: { code } }) => {
    const { backupCodes, tokens } = await enableTwoFactor(deps, caller, code);
    return answerTokens(c, 200, tokens, { backupCodes });
  },
};

export const listHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) => c.json({ success: true, ...(await listFactors(deps, caller)) }),
};

export const disableHandler: Handler<'session', typeof DisableRequest> = {
  body: DisableRequest,
  answer: async (c, { deps, caller, body }) => {
    await disableTwoFactor(deps, caller, proofOf(body));
    return c.json({ success: true, message: 'Two-factor authentication is off' });
  },
};

export const backupCodesHandler: Handler<'session', typeof EmptyRequest> = {
  body: EmptyRequest,
  answer: async (c, { deps, caller }) =>
    c.json({ success: true, backupCodes: await renewBackupCodes(deps, caller) }),
};

export const resetHandler: Handler<'admin'> = {
  answer: async (c, { deps }) => {
    // A malformed id is answered like an unknown one.
    const userId = pathId(c);
    if (userId === null) throw userErrors.user_not_found();
    const effectiveAt = await resetTwoFactor(deps, userId);
    return c.json({ success: true, effectiveAt: effectiveAt.toISOString() }, 202);
  },
};

export const keepHandler: Handler<'anyone', typeof LinkRequest> = {
  body: LinkRequest,
  answer: async (c, { deps, body: { token } }) => {
    await keepTwoFactor(deps, token);
    return c.json({ success: true, message: 'Two-factor authentication stays on' });
  },
};

import type { Handler } from '../../http/route.ts';
import { answerTokens } from '../sessions/index.ts';
import { reauthenticate } from './reauthenticate.ts';
import { reauthenticateRequest } from './schemas.ts';

export const reauthenticateHandler: Handler<'session', ReturnType<typeof reauthenticateRequest>> = {
  body: async ({ loadRules }) => reauthenticateRequest((await loadRules()).reauthentications),
  answer: async (c, { deps, caller, body }) => answerTokens(c, 200, await reauthenticate(deps, caller, body)),
};

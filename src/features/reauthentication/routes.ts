import { defineRoute } from '../../http/route.ts';
import { answerTokens } from '../sessions/index.ts';
import { reauthenticate } from './reauthenticate.ts';
import { reauthenticateRequest } from './schemas.ts';

const reauthenticateRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/reauthenticate',
    guard: 'session',
    limit: 'credential',
    body: ({ features }) => reauthenticateRequest(features.reauthentications),
  },
  async (c, { deps, caller, body }) => answerTokens(c, 200, await reauthenticate(deps, caller, body)),
);

export const routes = [reauthenticateRoute];

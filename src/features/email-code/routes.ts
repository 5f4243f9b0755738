import { defineRoute } from '../../http/route.ts';
import { requestEmailCode } from './request/request-email-code.ts';
import { EmptyRequest } from './schemas.ts';

const requestRoute = defineRoute(
  {
    ...{ method: 'POST', path: '/api/auth/reauthenticate/email', guard: 'session', limit: 'credential' },
    ...{ body: EmptyRequest, isBodyOptional: true },
  },
  async (c, { deps, caller }) => {
    await requestEmailCode(deps, caller);
    return c.json({ success: true, message: 'We have sent a code to your e-mail address' }, 202);
  },
);

export const routes = [requestRoute];

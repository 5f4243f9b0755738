import type { Handler } from '../../http/route.ts';
import { requestEmailCode } from './request/request-email-code.ts';
import { EmptyRequest } from './schemas.ts';

export const requestHandler: Handler<'session', typeof EmptyRequest> = {
  body: EmptyRequest,
  answer: async (c, { deps, caller }) => {
    await requestEmailCode(deps, caller);
    return c.json({ success: true, message: 'We have sent a code to your e-mail address' }, 202);
  },
};

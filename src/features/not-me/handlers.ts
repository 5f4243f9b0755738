import type { Handler } from '../../http/route.ts';
import { LinkRequest } from '../one-time-tokens/index.ts';
import { reportNotMe } from './report-not-me.ts';

export const notMeHandler: Handler<'anyone', typeof LinkRequest> = {
  body: LinkRequest,
  answer: async (c, { deps, body: { token } }) => {
    await reportNotMe(deps, token);
    return c.json({
      success: true,
      message: 'Signed out everywhere. Check your e-mail to choose a new password',
    });
  },
};

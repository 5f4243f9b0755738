import { commonErrors } from '../../errors.ts';
import { findCaller } from '../../http/guard.ts';
import type { Handler } from '../../http/route.ts';
import { disownEvent } from './disown-event.ts';
import { reportNotMe } from './report-not-me.ts';
import { NotMeRequest } from './schemas.ts';

export const notMeHandler: Handler<'anyone', typeof NotMeRequest> = {
  body: NotMeRequest,
  answer: async (c, { deps, body: { token, eventId }, originTrust }) => {
    if (token !== undefined) {
      await reportNotMe(deps, token);
      const message = 'Signed out everywhere. Check your e-mail to choose a new password';
      return c.json({ success: true, message });
    }
    if (eventId === undefined) throw new TypeError('the schema lets exactly one of the two through');
    const caller = await findCaller(c, deps, originTrust);
    if (caller === null) throw commonErrors.unauthenticated();
    await disownEvent(deps, caller, eventId);
    const message = 'Signed out everywhere else. Follow the link in the e-mail to end what else was added';
    return c.json({ success: true, message }, 202);
  },
};

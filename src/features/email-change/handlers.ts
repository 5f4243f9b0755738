import { findCaller } from '../../http/guard.ts';
import type { Handler } from '../../http/route.ts';
import { readPresentedDevice } from '../known-devices/index.ts';
import { LinkHolderRequest } from '../link-holder/index.ts';
import { LinkRequest } from '../one-time-tokens/index.ts';
import { confirmEmailChange } from './confirm/confirm-email-change.ts';
import { requestEmailChange } from './request/request-email-change.ts';
import { revertEmailChange } from './revert-email-change.ts';
import { ChangeEmailRequest } from './schemas.ts';

export const requestHandler: Handler<'session', typeof ChangeEmailRequest> = {
  body: ChangeEmailRequest,
  answer: async (c, { deps, caller, body: { newEmail } }) => {
    await requestEmailChange(deps, caller, newEmail);
    return c.json({ success: true, message: 'Follow the link in the e-mail to the new address' }, 202);
  },
};

export const confirmHandler: Handler<'anyone', typeof LinkHolderRequest> = {
  body: LinkHolderRequest,
  answer: async (c, { deps, body: { token, password }, originTrust }) => {
    const caller = await findCaller(c, deps, originTrust);
    const device = readPresentedDevice(c, deps);
    const user = await confirmEmailChange(deps, { token, password, caller, device });
    return c.json({ success: true, user });
  },
};

export const revertHandler: Handler<'anyone', typeof LinkRequest> = {
  body: LinkRequest,
  answer: async (c, { deps, body: { token } }) => {
    await revertEmailChange(deps, token);
    return c.json({
      success: true,
      message: 'E-mail address restored. Check your e-mail to choose a new password',
    });
  },
};

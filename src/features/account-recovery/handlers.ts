import type { Handler } from '../../http/route.ts';
import { readPresentedDevice, sendDeviceToken } from '../known-devices/index.ts';
import { LinkRequest } from '../one-time-tokens/index.ts';
import { reportNotMe } from './not-me/report-not-me.ts';
import { unlockAccount } from './unlock/unlock-account.ts';

export const unlockHandler: Handler<'anyone', typeof LinkRequest> = {
  body: LinkRequest,
  answer: async (c, { deps, body: { token } }) => {
    const deviceToken = await unlockAccount(deps, { token, device: readPresentedDevice(c, deps) });
    const response = c.json({ success: true, message: 'Account unlocked' });
    sendDeviceToken(response, deviceToken, { isCookie: true, isBody: true });
    return response;
  },
};

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

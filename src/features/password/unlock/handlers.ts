import type { Handler } from '../../../http/route.ts';
import { readPresentedDevice, sendDeviceToken } from '../../known-devices/index.ts';
import { LinkRequest } from '../../one-time-tokens/index.ts';
import { unlockAccount } from './unlock-account.ts';

export const unlockHandler: Handler<'anyone', typeof LinkRequest> = {
  body: LinkRequest,
  answer: async (c, { deps, body: { token } }) => {
    const deviceToken = await unlockAccount(deps, { token, device: readPresentedDevice(c, deps) });
    const response = c.json({ success: true, message: 'Account unlocked' });
    sendDeviceToken(response, deviceToken, { isCookie: true, isBody: true });
    return response;
  },
};

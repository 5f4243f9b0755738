import { defineLinkPage } from '../../http/page-route.ts';
import { defineRoute } from '../../http/route.ts';
import { readPresentedDevice, sendDeviceToken } from '../known-devices/index.ts';
import { LinkRequest } from '../one-time-tokens/index.ts';
import { reportNotMe } from './not-me/report-not-me.ts';
import { unlockAccount } from './unlock/unlock-account.ts';

const unlockRoute = defineRoute(
  { method: 'POST', path: '/api/auth/unlock', guard: 'anyone', limit: 'credential', body: LinkRequest },
  async (c, { deps, body: { token } }) => {
    const deviceToken = await unlockAccount(deps, { token, device: readPresentedDevice(c, deps) });
    const response = c.json({ success: true, message: 'Account unlocked' });
    sendDeviceToken(response, deviceToken, { isCookie: true, isBody: true });
    return response;
  },
);

const unlockPage = defineLinkPage(
  { path: '/auth/unlock', name: 'unlock', form: LinkRequest },
  async (c, { deps, body: { token } }) => {
    const deviceToken = await unlockAccount(deps, { token, device: readPresentedDevice(c, deps) });
    return (response) => sendDeviceToken(response, deviceToken, { isCookie: true, isBody: false });
  },
);

const notMeRoute = defineRoute(
  { method: 'POST', path: '/api/auth/not-me', guard: 'anyone', limit: 'credential', body: LinkRequest },
  async (c, { deps, body: { token } }) => {
    await reportNotMe(deps, token);
    return c.json({
      success: true,
      message: 'Signed out everywhere. Check your e-mail to choose a new password',
    });
  },
);

const notMePage = defineLinkPage(
  { path: '/auth/not-me', name: 'notMe', form: LinkRequest },
  async (_c, { deps, body: { token } }) => {
    await reportNotMe(deps, token);
    return undefined;
  },
);

export const routes = [unlockRoute, ...unlockPage, notMeRoute, ...notMePage];

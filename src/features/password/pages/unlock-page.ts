import { linkPage } from '../../../http/link-page.ts';
import { readPresentedDevice, sendDeviceToken } from '../../known-devices/index.ts';
import { LinkRequest } from '../../one-time-tokens/index.ts';
import { unlockAccount } from '../unlock/unlock-account.ts';

export const page = linkPage({ name: 'unlock', form: LinkRequest }, async (c, { deps, body: { token } }) => {
  const deviceToken = await unlockAccount(deps, { token, device: readPresentedDevice(c, deps) });
  return (response) => sendDeviceToken(response, deviceToken, { isCookie: true, isBody: false });
});

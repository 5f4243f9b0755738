import { pathId } from '../../http/path-id.ts';
import type { Handler } from '../../http/route.ts';
import { readTrustedDevice } from './answer-trusted-device.ts';
import { forgetDevice } from './forget-device.ts';
import { listTrustedDevices } from './list-trusted-devices.ts';

export const listHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) => {
    const trustedDevices = await listTrustedDevices(deps, caller, readTrustedDevice(c, deps));
    return c.json({ success: true, trustedDevices });
  },
};

export const forgetHandler: Handler<'session'> = {
  answer: async (c, { deps, caller }) => {
    await forgetDevice(deps, caller, pathId(c));
    return c.json({ success: true });
  },
};

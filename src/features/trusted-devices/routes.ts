import { pathId } from '../../http/path-id.ts';
import { defineRoute } from '../../http/route.ts';
import { readTrustedDevice } from './answer-trusted-device.ts';
import { forgetDevice } from './forget-device.ts';
import { listTrustedDevices } from './list-trusted-devices.ts';

const path = '/api/auth/trusted-devices';

const listRoute = defineRoute({ method: 'GET', path, guard: 'session' }, async (c, { deps, caller }) => {
  const trustedDevices = await listTrustedDevices(deps, caller, readTrustedDevice(c, deps));
  return c.json({ success: true, trustedDevices });
});

const forgetRoute = defineRoute(
  { method: 'DELETE', path: `${path}/:id`, guard: 'session' },
  async (c, { deps, caller }) => {
    await forgetDevice(deps, caller, pathId(c));
    return c.json({ success: true });
  },
);

export const routes = [listRoute, forgetRoute];

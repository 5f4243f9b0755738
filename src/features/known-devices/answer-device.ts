import type { Deps } from '../../deps.ts';
import { deviceCookieName, setDeviceCookie } from '../../http/auth-cookies.ts';
import type { RequestContext } from '../../http/context.ts';
import { readCookie } from '../../http/cookies.ts';
import type { PresentedDevice } from './device-token.ts';
import { presentedDevice } from './known-device.ts';

const headerName = 'X-Device-Token';

/** Returns the device of a request: by the header if its token is valid, else by the cookie. */
export function readPresentedDevice(c: RequestContext, { keyring }: Deps): PresentedDevice {
  const { headers } = c.req.raw;
  const cookie = readCookie(headers.get('Cookie'), deviceCookieName);
  return presentedDevice(keyring, [headers.get(headerName), cookie]);
}

/** Sends the device token the way the session's tokens travel: as a cookie, as a response header, or both. */
export function sendDeviceToken(
  response: Response,
  token: string,
  transports: { readonly isCookie: boolean; readonly isBody: boolean },
): void {
  if (transports.isCookie) setDeviceCookie(response.headers, token);
  if (transports.isBody) response.headers.set(headerName, token);
}

import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../http/context.ts';
import { hostCookie, readCookie } from '../../http/cookies.ts';
import type { PresentedDevice } from './device-token.ts';
import { presentedDevice } from './known-device.ts';

const cookieName = '__Host-nexora_device';
const headerName = 'X-Device-Token';
const cookieAgeSeconds = 400 * 86_400; // the maximum of browsers (RFC 6265bis 5.5)

/** Returns the device of a request: by the header if its token is valid, else by the cookie. */
export function readPresentedDevice(c: RequestContext, { keyring }: Deps): PresentedDevice {
  const { headers } = c.req.raw;
  return presentedDevice(keyring, [headers.get(headerName), readCookie(headers.get('Cookie'), cookieName)]);
}

/** Sends the device token the way the session's tokens travel: as a cookie, as a response header, or both. */
export function sendDeviceToken(
  response: Response,
  token: string,
  transports: { readonly isCookie: boolean; readonly isBody: boolean },
): void {
  if (transports.isCookie)
    response.headers.append('Set-Cookie', hostCookie(cookieName, token, cookieAgeSeconds));
  if (transports.isBody) response.headers.set(headerName, token);
}

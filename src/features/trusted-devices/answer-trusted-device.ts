import type { Deps } from '../../deps.ts';
import { setTrustedDeviceCookie, trustedDeviceCookieName } from '../../http/auth-cookies.ts';
import type { RequestContext } from '../../http/context.ts';
import { readCookie } from '../../http/cookies.ts';
import { trustTtlSeconds } from './new-trusted-device.ts';
import { parseTrustedDevice, type TrustEntry } from './trusted-device-token.ts';

/**
 * Returns the accounts that trust the client of a request, by the cookie or by the token in the body, where there is one.
 * A page that sends it across sites gains nothing: it is asked for beside the password alone.
 */
export function readTrustedDevice(c: RequestContext, { keyring }: Deps, bodyToken?: string): TrustEntry[] {
  const token = bodyToken ?? readCookie(c.req.raw.headers.get('Cookie'), trustedDeviceCookieName);
  return token === null ? [] : parseTrustedDevice(keyring, token);
}

/** Sends the token of a trusted device as a cookie. */
export function sendTrustedDevice(response: Response, token: string): void {
  setTrustedDeviceCookie(response.headers, token, trustTtlSeconds);
}

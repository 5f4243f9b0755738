import { expiredCookie, expiredHostCookie, hostCookie, readCookie } from './cookies.ts';

/** The `__Host-` prefix binds a cookie to this host, https and `Path=/` (RFC 6265bis section 4.1.3.2). */
export const accessCookieName = '__Host-nexora_access';
export const refreshCookieName = '__Host-nexora_refresh';
/** Opens nothing, and so counts for no CSRF rule: it says which device asks, past every logout. */
export const deviceCookieName = '__Host-nexora_device';
/** Opens nothing without the password: it says that the device is trusted, past every logout. */
export const trustedDeviceCookieName = '__Host-nexora_trusted';
/** The first half of a sign-in: it is read by the second step alone. */
export const challengeCookieName = '__Host-nexora_challenge';

const expiredTokenCookies = [expiredHostCookie(accessCookieName), expiredHostCookie(refreshCookieName)];
const deviceCookieAgeSeconds = 400 * 86_400; // the maximum of browsers (RFC 6265bis section 5.5)

/** Whether the request has a cookie that this service would act on. */
export function carriesAuthCookie(headers: Headers, legacyRefreshCookie: string | null): boolean {
  const header = headers.get('Cookie');
  const names = [
    accessCookieName,
    refreshCookieName,
    ...(legacyRefreshCookie === null ? [] : [legacyRefreshCookie]),
  ];
  return names.some((name) => readCookie(header, name) !== null);
}

/** Sets the token cookies. Lifetimes in seconds. */
export function setAuthCookies(
  headers: Headers,
  access: { readonly token: string; readonly expiresIn: number },
  refresh: { readonly token: string; readonly expiresIn: number },
): void {
  headers.append('Set-Cookie', hostCookie(accessCookieName, access.token, access.expiresIn));
  headers.append('Set-Cookie', hostCookie(refreshCookieName, refresh.token, refresh.expiresIn));
}

/** Sets the device cookie. */
export function setDeviceCookie(headers: Headers, token: string): void {
  headers.append('Set-Cookie', hostCookie(deviceCookieName, token, deviceCookieAgeSeconds));
}

/** Sets the cookie of a trusted device. */
export function setTrustedDeviceCookie(headers: Headers, token: string, maxAgeSeconds: number): void {
  headers.append('Set-Cookie', hostCookie(trustedDeviceCookieName, token, maxAgeSeconds));
}

/** Sets the cookie of a challenge. */
export function setChallengeCookie(headers: Headers, token: string, maxAgeSeconds: number): void {
  headers.append('Set-Cookie', hostCookie(challengeCookieName, token, maxAgeSeconds));
}

/** Clears the cookie of a challenge. */
export function clearChallengeCookie(headers: Headers): void {
  headers.append('Set-Cookie', expiredHostCookie(challengeCookieName));
}

/** Clears the token cookies, and the legacy cookie if one is configured. */
export function clearAuthCookies(headers: Headers, legacyRefreshCookie: string | null): void {
  for (const cookie of expiredTokenCookies) headers.append('Set-Cookie', cookie);
  if (legacyRefreshCookie !== null) headers.append('Set-Cookie', expiredCookie(legacyRefreshCookie));
}

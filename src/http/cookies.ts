const valueLengthMax = 4096;
const ageSecondsMax = 400 * 86_400; // the maximum of browsers (RFC 6265bis 5.5)
const tokenPattern = /^[\w!#$%&'*+.^`|~-]+$/; // RFC 9110 5.6.2
const cookieOctets = /^[!#-+\--:<-[\]-~]*$/; // RFC 6265 4.1.1

/**
 * Returns the value of one cookie in a `Cookie` header as it was sent: no unquoting, no percent-decoding. The name
 * must match exactly, and the first match counts. Malformed pairs are skipped. `null`: absent, or longer than 4096
 * characters.
 */
export function readCookie(header: string | null, name: string): string | null {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals === -1 || trimBlanks(pair.slice(0, equals)) !== name) continue;
    const value = trimBlanks(pair.slice(equals + 1));
    return value.length > valueLengthMax ? null : value;
  }
  return null;
}

/**
 * Returns a `Set-Cookie` value for a cookie that only this host can set, only over HTTPS and for every path (the
 * `__Host-` prefix, RFC 6265bis 4.1.3.2), that scripts cannot read and that cross-site requests other than links do
 * not send.
 *
 * @param maxAgeSeconds rounded down, at least 0 and at most 400 days
 * @param sameSite `None` for one that must come along with a form that another site posts
 * @throws TypeError when the name, value or age is not allowed in the header, which is a bug of the caller
 */
export function hostCookie(
  name: `__Host-${string}`,
  value: string,
  maxAgeSeconds: number,
  sameSite: 'Lax' | 'None' = 'Lax',
): string {
  if (!cookieOctets.test(value)) throw new TypeError('the cookie value has characters that are not allowed');
  if (Number.isNaN(maxAgeSeconds)) throw new TypeError('the age of the cookie is not a number');
  const age = Math.floor(Math.min(Math.max(maxAgeSeconds, 0), ageSecondsMax));
  return `${checkName(name)}=${value}; Path=/; Secure; HttpOnly; SameSite=${sameSite}; Max-Age=${age}`;
}

/** The names of the cookies of a header that begin like this, in their order, each once; what is no name is skipped. */
export function cookieNames(header: string | null, prefix: `__Host-${string}`): `__Host-${string}`[] {
  const names = (header?.split(';') ?? []).map((pair) => trimBlanks(pair.split('=', 1)[0] ?? ''));
  return [...new Set(names)].filter(
    (name): name is `__Host-${string}` => name.startsWith(prefix) && tokenPattern.test(name),
  );
}

/** Returns a `Set-Cookie` value that deletes the cookie that `hostCookie` set under this name. */
export function expiredHostCookie(name: `__Host-${string}`): string {
  return hostCookie(name, '', 0);
}

/**
 * Returns a `Set-Cookie` value that deletes a host-only cookie of the legacy application, whose name has no prefix.
 *
 * @throws TypeError when the name is not a token
 */
export function expiredCookie(name: string): string {
  return `${checkName(name)}=; Path=/; Secure; HttpOnly; Max-Age=0`;
}

function checkName(name: string): string {
  if (!tokenPattern.test(name)) throw new TypeError('the cookie name is not a token');
  return name;
}

/**
 * Trims only what RFC 6265 5.2 trims. `String.trim` also removes U+00A0 and others, so that a cookie that a
 * sub-domain named U+00A0 and `__Host-x` would pass for `__Host-x`.
 */
function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

// How the text of a variable becomes its value. Each of these throws for a text that is wrong.

/** Every text is right. */
export function anyText(text: string): string {
  return text;
}

/** A whole number of this range, in decimal digits. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new RangeError('out of range');
    return value;
  };
}

/** `true` or `false`. */
export function boolean(text: string): boolean {
  return oneOf(['true', 'false'])(text) === 'true';
}

/** One of these texts. */
export function oneOf<const T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((candidate) => candidate === text);
    if (found === undefined) throw new TypeError('none of them');
    return found;
  };
}

/**
 * An http(s) URL exactly as written; plain http only to this machine, and without `user:password@`, which `fetch` would
 * not send.
 */
export function url(text: string): string {
  const { username, password } = secureUrl(text);
  if (username !== '' || password !== '') throw new TypeError('credentials');
  return text;
}

/** An origin such as `https://auth.example.com`: no path, query or credentials. */
export function origin(text: string): string {
  const parsed = secureUrl(text);
  // The URL parser accepts `*` in a host name.
  if (parsed.href !== `${parsed.origin}/` || parsed.hostname.includes('*'))
    throw new TypeError('not one origin');
  return parsed.origin;
}

/** Comma-separated origins, or none. A wildcard is refused. */
export function origins(text: string): ReadonlySet<string> {
  return new Set(text === '' ? [] : text.split(',').map((part) => origin(part.trim())));
}

/**
 * Comma-separated URLs, each kept exactly as it is written: https, http on this machine, or the private-use scheme of an
 * app, which has a dot or is at least no scheme that a browser runs (RFC 8252 section 7.1).
 */
export function exactUrls(text: string): ReadonlySet<string> {
  return new Set(text === '' ? [] : text.split(',').map((part) => appUrl(part.trim())));
}

/** A path of this service, or a URL elsewhere. */
export function pathOrUrl(text: string): string {
  if (!text.startsWith('/')) return url(text);
  const base = 'https://service.invalid';
  if (URL.parse(text, base)?.origin !== base || /[\\\s]/.test(text)) throw new TypeError('not a path');
  return text;
}

/** A place where a sign-in can end: no page on the way to one, which would lead to itself. */
export function endOfSignIn(text: string): string {
  const onTheWay =
    /^\/(?:login|register|logout|reauthenticate|language|forgot-password|check-your-mail)(?:[/?#]|$)/;
  if (onTheWay.test(text)) throw new TypeError('on the way');
  return pathOrUrl(text);
}

/** A colour as six hexadecimal digits behind `#`. */
export function brandColor(text: string): string {
  if (!/^#[\da-f]{6}$/i.test(text)) throw new TypeError('not a colour');
  return text.toLowerCase();
}

/** An image of this service by its path, or one that is in its address: nobody else learns who looks at a page. */
export function logoUrl(text: string): string {
  if (/^data:image\/(?:svg\+xml|png|webp|jpeg|gif)[;,]/.test(text) && text.length <= logoLengthMax)
    return text;
  if (!text.startsWith('/')) throw new TypeError('neither a path nor an image');
  return pathOrUrl(text);
}

/** A name that people see: one line of visible characters. */
export function visibleName(text: string): string {
  if (text.length > nameLengthMax || /[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text))
    throw new TypeError('not a name');
  return text;
}

/** A connection string of PostgreSQL. */
export function databaseUrl(text: string): string {
  // Parsed as the driver does, by the rules for http, which are strict about the host.
  const { hostname, username, pathname } = new URL(text.replace(/^postgres(ql)?:/i, 'http:'));
  const isComplete = hostname !== '' && username !== '' && pathname.length > 1;
  if (!/^postgres(ql)?:/i.test(text) || !isComplete) throw new TypeError('not a database');
  return text;
}

/** Random bytes in base64 or base64url, at least `minBytes` of them (RFC 8725 section 3.5). */
export function secretBytes(minBytes: number): (text: string) => Uint8Array {
  return (text) => {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    if (bytes.length < minBytes) throw new RangeError('too short');
    return bytes;
  };
}

/** A cookie name (RFC 6265 section 4.1.1) other than our own. */
export function cookieName(text: string): string {
  if (!/^[\w!#$%&'*+.^`|~-]{1,128}$/.test(text) || text.startsWith('__Host-nexora'))
    throw new TypeError('no');
  return text;
}

/** A secret that is sent in a header as it is: visible ASCII without spaces. */
export function headerSecret(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new TypeError('not fit for a header');
  return text;
}

/** Of every page, in characters; Cloudflare limits a variable to 5 kB. */
const logoLengthMax = 5000;
const nameLengthMax = 60;

const runBySchemes = [
  'javascript',
  'data',
  'vbscript',
  'blob',
  'file',
  'filesystem',
  'about',
  'ws',
  'wss',
  'ftp',
];

/** As long as `redirectTo` may be, which has to be the same. */
const appUrlLengthMax = 1024;

function appUrl(text: string): string {
  if (text.length > appUrlLengthMax) throw new RangeError('too long');
  const { protocol } = new URL(text);
  const scheme = protocol.slice(0, -1);
  if (scheme === 'https' || scheme === 'http') return url(text);
  if (runBySchemes.includes(scheme) || !/^[a-z][\w+.-]*:\/{0,2}[^\s\\]+$/i.test(text))
    throw new TypeError('not an app');
  return text;
}

function secureUrl(text: string): URL {
  const parsed = new URL(text);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(parsed.hostname);
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && isLoopback))
    throw new TypeError('not secure');
  return parsed;
}

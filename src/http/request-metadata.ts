import { preferredLocale } from './accept-language.ts';
import { clientIp } from './client-ip.ts';

const userAgentLengthMax = 256;
const placeLengthMax = 100;
const controlCharacters = /[\p{Cc}\u2028\u2029]/gu;

/** What is known about the other end of a request. All of it is for people to read; nothing here proves anything. */
export interface RequestMetadata {
  readonly requestId: string;
  /** Canonical by `clientIp`. */
  readonly ipAddress: string | null;
  /** As the client wrote it, at most 256 UTF-16 units. */
  readonly userAgent: string | null;
  /** Where Cloudflare places the address, `null` if nowhere. `country` is ISO 3166-1 alpha-2, or `T1` for Tor. */
  readonly location: {
    readonly city: string | null;
    readonly region: string | null;
    readonly country: string | null;
  } | null;
  /** The first language of Accept-Language, a BCP 47 tag. */
  readonly locale: string | null;
}

/** Describes the client by its headers and by Cloudflare's `request.cf`. Every text is fit to be stored by Postgres. */
export function readRequestMetadata(request: Request, requestId: string): RequestMetadata {
  return {
    requestId,
    ipAddress: clientIp(request),
    userAgent: plainText(request.headers.get('User-Agent'), userAgentLengthMax),
    location: locationOf(request.cf),
    locale: preferredLocale(request.headers),
  };
}

/** `cf` is absent outside Cloudflare, and whatever a service binding or a test passed. */
function locationOf(cf: unknown): RequestMetadata['location'] {
  const source: Readonly<Record<string, unknown>> = Object(cf);
  const city = plainText(source.city, placeLengthMax);
  const region = plainText(source.region, placeLengthMax);
  const country = plainText(source.country, placeLengthMax);
  return city === null && region === null && country === null ? null : { city, region, country };
}

/** Cut, without control characters (Postgres cannot store NUL), and well-formed where the cut has split a pair. */
function plainText(value: unknown, lengthMax: number): string | null {
  if (typeof value !== 'string') return null;
  const text = value.slice(0, lengthMax).replace(controlCharacters, '').toWellFormed().trim();
  return text === '' ? null : text;
}

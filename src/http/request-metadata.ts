import type { Location, RequestMetadata } from '../request/request-metadata.ts';
import { preferredLocale } from './accept-language.ts';
import { clientIp } from './client-ip.ts';

const userAgentLengthMax = 256;
const placeLengthMax = 100;
const controlCharacters = /[\p{Cc}\u2028\u2029]/gu;

/**
 * Reads the metadata from the headers and Cloudflare's `request.cf`. PostgreSQL can store every text in it. What few
 * statements ask for is read when the first one does.
 */
export function readRequestMetadata(request: Request, requestId: string): RequestMetadata {
  let userAgent: string | null | undefined;
  let location: Location | null | undefined;
  return {
    requestId,
    operationId: crypto.randomUUID(),
    ipAddress: clientIp(request),
    get userAgent() {
      userAgent ??= plainText(request.headers.get('User-Agent'), userAgentLengthMax);
      return userAgent;
    },
    get location() {
      location ??= locationOf(request.cf);
      return location;
    },
    get locale() {
      return preferredLocale(request.headers);
    },
  };
}

/** `cf` is absent outside Cloudflare, and can be anything that a service binding or a test passes. */
function locationOf(cf: unknown): Location | null {
  const source: Readonly<Record<string, unknown>> = Object(cf);
  const city = plainText(source.city, placeLengthMax);
  const region = plainText(source.region, placeLengthMax);
  const country = plainText(source.country, placeLengthMax);
  return city === null && region === null && country === null ? null : { city, region, country };
}

/**
 * Cuts the text and removes control characters (PostgreSQL cannot store NUL); well-formed even where the cut splits a
 * surrogate pair.
 */
function plainText(value: unknown, lengthMax: number): string | null {
  if (typeof value !== 'string') return null;
  const text = value.slice(0, lengthMax).replace(controlCharacters, '').toWellFormed().trim();
  return text === '' ? null : text;
}

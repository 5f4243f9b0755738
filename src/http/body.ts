import { type AuthError, type AuthErrorOptions, commonErrors } from '../errors.ts';
import { readBoundedBytes } from '../request/bounded-bytes.ts';
import { parseJsonStrict } from './json.ts';

const bodyBytesMax = 16_384;

// ignoreBOM keeps a byte order mark in the text, so that the JSON grammar refuses it (RFC 8259 8.1).
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * RFC 9110 8.3.1. JSON has no charset parameter (RFC 8259 11), but many clients send this one, which changes nothing.
 */
const jsonType = /^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i;

/**
 * Reads the JSON body of a request by stricter rules than `request.json()`: the declared type must be JSON, at most
 * 16 KiB are read, malformed UTF-8 and a byte order mark are refused, and so is everything that `parseJsonStrict`
 * refuses. It does not check the shape: pass the value to `validate`.
 *
 * @param options.isOptional every member of the body is optional, so an absent or empty body, with or without a
 * Content-Type, is read as `{}`. A body with bytes still needs its Content-Type.
 * @throws AuthError unsupported_media_type, payload_too_large, malformed_json
 */
export async function readJsonBody(request: Request, options: { isOptional: boolean }): Promise<unknown> {
  // Any encoding is refused, even `identity`: a decompressed size is unbounded, and two parties could read different
  // bytes.
  if (request.headers.has('Content-Encoding')) throw commonErrors.unsupported_media_type();
  const type = request.headers.get('Content-Type');
  if (type !== null && !jsonType.test(type)) throw commonErrors.unsupported_media_type();

  const bytes = await readCapped(request, commonErrors.malformed_json);
  if (bytes.length === 0 && options.isOptional) return {};
  // Forms can post across origins without a preflight, but cannot declare JSON: the type of an untyped body is not
  // guessed.
  if (type === null) throw commonErrors.unsupported_media_type();
  return parseJsonStrict(decodeUtf8(bytes, commonErrors.malformed_json));
}

/** Creates the error for an unreadable body. */
type Malformed = (options: AuthErrorOptions) => AuthError;

/**
 * Reads the bytes of a body, at most 16 KiB.
 * @throws AuthError payload_too_large, and the error of `malformed`
 */
export async function readCapped(request: Request, malformed: Malformed): Promise<Uint8Array> {
  const declared = request.headers.get('Content-Length');
  if (declared === '0') return new Uint8Array();
  const declaredLength = Number(declared ?? Number.NaN);
  if (declaredLength > bodyBytesMax) throw commonErrors.payload_too_large();
  // Content-Length is absent with chunks and can be wrong, so the bytes are counted as well.
  const bytes = await readBoundedBytes(request.body, bodyBytesMax, declaredLength).catch(
    (reason: unknown) => {
      // A client that disconnects within its body is not a bug of ours.
      throw malformed({ detail: 'The body ended early.', internal: reason });
    },
  );
  if (bytes === null) throw commonErrors.payload_too_large();
  return bytes;
}

/** @throws the error of `malformed` */
export function decodeUtf8(bytes: Uint8Array, malformed: Malformed): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed({ detail: 'The body must be valid UTF-8.' });
  }
}

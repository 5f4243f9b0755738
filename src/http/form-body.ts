import { commonErrors } from '../errors.ts';
import { decodeUtf8, readCapped } from './body.ts';

const formType = /^application\/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i;
const fieldsMax = 20;

/**
 * Reads the fields of a form that a page posted (WHATWG URL 5.1), by rules as strict as for JSON bodies: at most 16
 * KiB, no field twice, and well-formed UTF-8 also inside escapes, since a password with U+FFFD would match another
 * one.
 * @throws AuthError unsupported_media_type, payload_too_large, malformed_form
 */
export async function readFormBody(request: Request): Promise<Readonly<Record<string, string>>> {
  const type = request.headers.get('Content-Type') ?? '';
  if (request.headers.has('Content-Encoding') || !formType.test(type))
    throw commonErrors.unsupported_media_type();
  const text = decodeUtf8(
    await readCapped(request, commonErrors.malformed_form),
    commonErrors.malformed_form,
  );
  const fields = new Map<string, string>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const [name = '', ...rest] = pair.split('=').map(decode);
    // Browsers escape a second `=`.
    if (rest.length !== 1 || fields.has(name) || fields.size === fieldsMax)
      throw commonErrors.malformed_form();
    fields.set(name, rest[0] ?? '');
  }
  return Object.fromEntries(fields);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw commonErrors.malformed_form();
  }
}

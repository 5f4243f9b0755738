import { commonErrors } from '../errors.ts';

const depthMax = 16;
const keysMax = 50;

const [quote, comma, backslash] = [0x22, 0x2c, 0x5c];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Parses a JSON document (RFC 8259) that all parsers read alike. Beyond the syntax it refuses duplicate member names
 * (compared decoded, so `"\u0065mail"` is `"email"`), members named `__proto__`, strings and names that are not
 * well-formed Unicode, containers nested more than 16 deep, and more than 50 members in the whole document. Takes
 * linear time and no stack, however deep the nesting.
 *
 * @throws AuthError malformed_json, with a detail that never repeats the text
 */
export function parseJsonStrict(text: string): unknown {
  const value = parse(text);
  refuseAmbiguity(text);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8's message quotes the text around the error, which may be a password: it goes neither to the client nor into
    // the log.
    throw malformed('The body is not a valid JSON text.');
  }
}

/** Scans a text that is known to be valid JSON: only strings and brackets matter. */
function refuseAmbiguity(text: string): void {
  /** The open containers, innermost last: the names seen so far in an object, `null` for an array. */
  const open: (Set<string> | null)[] = [];
  let keyCount = 0;
  let isKeyNext = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === openObject || code === openArray) {
      isKeyNext = code === openObject;
      open.push(isKeyNext ? new Set() : null);
      if (open.length > depthMax) {
        throw malformed(`Objects and arrays must not be nested more than ${depthMax} deep.`);
      }
    } else if (code === closeObject || code === closeArray) {
      open.pop();
    } else if (code === comma) {
      isKeyNext = open.at(-1) instanceof Set;
    } else if (code === quote) {
      const end = closingQuote(text, at);
      const string = decode(text, at, end);
      if (isKeyNext) {
        if (++keyCount > keysMax) throw malformed(`There must not be more than ${keysMax} members.`);
        addKey(open.at(-1), string);
        isKeyNext = false;
      }
      at = end;
    }
  }
}

function closingQuote(text: string, opening: number): number {
  let at = opening + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) {
    at += text.charCodeAt(at) === backslash ? 2 : 1;
  }
  return at;
}

function decode(text: string, opening: number, closing: number): string {
  const raw = text.slice(opening + 1, closing);
  const string = raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw;
  // Encoders replace every lone surrogate with U+FFFD, so that different passwords would hash alike (RFC 8725 3.7).
  if (!string.isWellFormed()) throw malformed('Strings must be well-formed Unicode.');
  return string;
}

function addKey(keys: Set<string> | null | undefined, key: string): void {
  // A member of this name becomes a prototype as soon as someone copies the object by assignment.
  if (key === '__proto__') throw malformed('There is a member with a name that is not allowed.');
  if (keys?.has(key)) throw malformed('An object must not have two members of the same name.');
  keys?.add(key);
}

function malformed(detail: string): Error {
  return commonErrors.malformed_json({ detail });
}

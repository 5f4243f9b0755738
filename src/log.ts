import { AuthError } from './errors.ts';

const textLengthMax = 1000;
const depthMax = 4;
const itemsMax = 50;
const stackFramesMax = 8;

const secretName = /password|token|secret|cookie|authorization|hash|connection.?string/i;

/**
 * Writes one JSON line (ASVS 16.2): `time` (ISO 8601, UTC), `level`, `event`, then the fields. No text can start a
 * second line or control a terminal. Strings are cut at 1000 characters, lists and objects at 50 items and 4 levels.
 * Members whose name suggests a secret are replaced, at any depth. Of an `Error` only the name, message, code and
 * constraint are logged, with `internal` for an expected `AuthError` and the frames of the stack for anything else.
 *
 * Never throws. Fields cannot replace `time`, `level` or `event`. It cannot recognise a secret inside a string: the
 * caller must leave that out.
 */
export function log(
  level: 'info' | 'warn' | 'error',
  event: string,
  fields: Record<string, unknown> = {},
): void {
  const line = { time: new Date().toISOString(), level, event: cut(event) };
  console[level === 'info' ? 'log' : level](
    escapeControls(JSON.stringify({ ...line, ...readableFields(fields), ...line })),
  );
}

function readableFields(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    return readableMembers(fields, 0);
  } catch {
    // A getter or proxy that throws must not make the last-resort handler fail as well.
    return { fields: '[unreadable]' };
  }
}

function readableMembers(source: object, depth: number): Record<string, unknown> {
  const members = Object.entries(source).slice(0, itemsMax);
  return Object.fromEntries(
    members.map(([key, value]) => [
      cut(key),
      secretName.test(key) ? '[redacted]' : readable(value, depth + 1),
    ]),
  );
}

function readable(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'bigint') return String(value);
  // JSON.stringify would call a copied `toJSON`, which would undo all of this.
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > depthMax) return '[too deep]';
  if (value instanceof Date) return value.toJSON();
  if (value instanceof Error) return readableError(value, depth);
  if (Array.isArray(value)) return value.slice(0, itemsMax).map((item) => readable(item, depth + 1));
  return readableMembers(value, depth);
}

/** Member by member: database drivers attach the request, with its credentials, to their errors. */
function readableError(error: Error, depth: number): Record<string, unknown> {
  const told = { name: cut(error.name), message: cut(error.message), ...shortTexts(error) };
  if (error instanceof AuthError) return { ...told, internal: readable(error.options.internal, depth + 1) };
  return { ...told, stack: stackFrames(error) };
}

/** `code` is the SQLSTATE of a database error. Its `detail` quotes the row, so it is left out. */
function shortTexts(error: Error & { code?: unknown; constraint?: unknown }): Record<string, string> {
  const { code, constraint } = error;
  return {
    ...(typeof code === 'string' && { code: cut(code) }),
    ...(typeof constraint === 'string' && { constraint: cut(constraint) }),
  };
}

/** Without the first lines of the stack, which repeat the message in full. */
function stackFrames(error: Error): string[] {
  const lines = String(error.stack ?? '').split('\n');
  const frames = lines.filter((line) => line.startsWith('    at ')).slice(0, stackFramesMax);
  return frames.map((frame) => cut(frame.trim()));
}

function cut(text: string): string {
  return String(text).slice(0, textLengthMax).toWellFormed();
}

/** JSON does not escape DEL, the C1 controls and the Unicode line separators; some log viewers act on them. */
function escapeControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

import * as z from 'zod/mini';
import { commonErrors, type FieldError } from '../errors.ts';

const errorsMax = 20;

/**
 * The errors of one member. Public and permanent.
 *
 * - `required`: it is missing.
 * - `wrong_type`: for example a number instead of text.
 * - `too_short`, `too_long`: text in characters, a list in items.
 * - `unknown_member`: the route has no member of this name.
 * - `mismatch`: it must equal another member but does not.
 * - `invalid`: anything else; the message says what is expected.
 */
type FieldErrorCode =
  | 'required'
  | 'wrong_type'
  | 'too_short'
  | 'too_long'
  | 'unknown_member'
  | 'mismatch'
  | 'invalid';

type Finding = { readonly code: FieldErrorCode; readonly message: string };

/**
 * Validates an untrusted value and returns the output of the schema. Each error has an RFC 6901 pointer (`""` is the
 * whole value), a code of `FieldErrorCode` and a message that never repeats the value; at most 20 are reported. A
 * schema can set its own message with `error`, and `params: { code: 'mismatch' }` in `z.refine`.
 *
 * @throws AuthError validation_failed
 */
export function validate<S extends z.core.$ZodType>(schema: S, value: unknown): z.output<S> {
  // Called only where the schema has no message of its own: the empty one marks these for `describe`.
  const result = z.safeParse(schema, value, { error: () => '' });
  if (result.success) return result.data;
  const found = result.error.issues.flatMap((issue) => fieldErrors(issue, value));
  const errors = found.filter(isWorthTelling).slice(0, errorsMax);
  throw commonErrors.validation_failed({ errors });
}

/**
 * zod also measures a list where it expects text, so a member of the wrong type can be too short or too long as well.
 */
function isWorthTelling({ pointer, code }: FieldError, _index: number, all: readonly FieldError[]): boolean {
  return (
    code === 'wrong_type' || !all.some((other) => other.pointer === pointer && other.code === 'wrong_type')
  );
}

function fieldErrors(issue: z.core.$ZodIssue, value: unknown): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerTo([...issue.path, key]),
      code: 'unknown_member',
      message: 'This member is unknown.',
    }));
  }
  const pointer = pointerTo(issue.path);
  if (isMissing(issue, value)) return [{ pointer, code: 'required', message: 'This is required.' }];
  const { code, message } = describe(issue);
  return [{ pointer, code, message: issue.message || message }];
}

/** RFC 6901 3: `~` before `/`, or the escape itself would be escaped. */
function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** JSON has no `undefined`, so `undefined` at the place of the issue means that the member is missing. */
function isMissing(issue: z.core.$ZodIssue, value: unknown): boolean {
  if (issue.code === 'custom') return false;
  let place = value;
  for (const key of issue.path) {
    const container = Object(place) as Record<PropertyKey, unknown>;
    place = Object.hasOwn(container, key) ? container[key] : undefined;
  }
  return place === undefined;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
};

function describe(issue: z.core.$ZodIssue): Finding {
  switch (issue.code) {
    case 'invalid_type':
      return {
        code: 'wrong_type',
        message: `This must be ${typeNames[issue.expected] ?? 'of another type'}.`,
      };
    case 'too_small':
      return tooSmall(issue);
    case 'too_big':
      return tooBig(issue);
    case 'invalid_value':
      return { code: 'invalid', message: `This must be one of: ${issue.values.map(String).join(', ')}.` };
    case 'custom':
      return issue.params?.code === 'mismatch'
        ? { code: 'mismatch', message: 'The two values differ.' }
        : { code: 'invalid', message: 'This is invalid.' };
    default:
      return { code: 'invalid', message: 'This does not have the expected format.' };
  }
}

function tooSmall({ origin, minimum }: z.core.$ZodIssueTooSmall): Finding {
  const unit = unitOf(origin);
  if (unit === null) return { code: 'invalid', message: `This must not be below ${minimum}.` };
  const message = Number(minimum) === 1 ? 'This must not be empty.' : `Use at least ${minimum} ${unit}.`;
  return { code: 'too_short', message };
}

function tooBig({ origin, maximum }: z.core.$ZodIssueTooBig): Finding {
  const unit = unitOf(origin);
  if (unit === null) return { code: 'invalid', message: `This must not be above ${maximum}.` };
  return { code: 'too_long', message: `Use at most ${maximum} ${unit}.` };
}

/** `null` for values with a size but no length. */
function unitOf(origin: string): 'characters' | 'items' | null {
  if (origin === 'string') return 'characters';
  return origin === 'array' ? 'items' : null;
}

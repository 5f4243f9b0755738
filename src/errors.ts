/** The public side of a failure. Its code is permanent. */
export interface ErrorSpec {
  readonly status: number;
  /** One fixed sentence for people, never built from input. */
  readonly title: string;
}

/** One member of the request that was refused (RFC 6901 pointer into the body). */
export interface FieldError {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

export interface AuthErrorOptions {
  /** A sentence about this occurrence, safe to show to the caller. */
  readonly detail?: string;
  /** Further members of the problem document (RFC 9457 section 3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
  /** The refused members of the request. */
  readonly errors?: readonly FieldError[];
  /** Further response headers, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds after which the same request may succeed; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** The closing number of the account that was refused, which a form carries that waits (LNK-19). Never sent. */
  readonly closingNumber?: number;
  /** The real cause, for the log. Never sent. */
  readonly internal?: unknown;
}

/** The expected failure of this service. Anything else that is thrown is a bug and answered as a bare 500. */
export class AuthError<Code extends string = string> extends Error {
  override readonly name = 'AuthError';
  readonly code: Code;
  readonly spec: ErrorSpec;
  readonly options: AuthErrorOptions;

  constructor(code: Code, spec: ErrorSpec, options: AuthErrorOptions = {}) {
    super(code);
    this.code = code;
    this.spec = spec;
    this.options = options;
  }
}

type ErrorFactories<Specs> = {
  readonly [Code in keyof Specs & string]: (options?: AuthErrorOptions) => AuthError<Code>;
};

/**
 * Declares the public error codes of one feature and returns a factory for each: `throw errors.token_invalid()`.
 * Failures that an attacker must not tell apart share one code.
 */
export function defineErrors<const Specs extends Readonly<Record<string, ErrorSpec>>>(
  specs: Specs,
): ErrorFactories<Specs> {
  const factories = Object.entries(specs).map(([code, spec]) => [
    code,
    (options?: AuthErrorOptions) => new AuthError(code, spec, options),
  ]);
  return Object.fromEntries(factories) as ErrorFactories<Specs>;
}

/** Whether it is the expected failure of this code. */
export function isCode(error: unknown, code: string): error is AuthError {
  return error instanceof AuthError && error.code === code;
}

/** Codes that any route can answer. */
export const commonErrors = defineErrors({
  malformed_json: { status: 400, title: 'The request body is not valid JSON.' },
  malformed_form: { status: 400, title: 'The request body is not a valid form.' },
  validation_failed: {
    status: 400,
    title: 'The request has missing, unknown or invalid members.',
  },
  unauthenticated: { status: 401, title: 'Authentication is required.' },
  csrf_rejected: { status: 403, title: 'The request came from an origin that is not allowed.' },
  not_found: { status: 404, title: 'Not found.' },
  method_not_allowed: { status: 405, title: 'Method not allowed.' },
  payload_too_large: { status: 413, title: 'The request body is too large.' },
  unsupported_media_type: { status: 415, title: 'The request body must be application/json in UTF-8.' },
  internal_error: { status: 500, title: 'Something went wrong on our side.' },
  service_unavailable: { status: 503, title: 'The service cannot answer right now. Please try again.' },
  overloaded: { status: 503, title: 'Too many people are signing in right now. Please try again.' },
  misconfigured: { status: 503, title: 'The service is misconfigured and cannot answer this request.' },
});

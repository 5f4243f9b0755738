import { DatabaseError } from '../db/database-error.ts';
import { AuthError, commonErrors } from '../errors.ts';
import { log } from '../log.ts';
import { answerPage, homeOf, isForPage } from './answer-page.ts';
import type { RequestContext } from './context.ts';
import { loggablePath } from './loggable-path.ts';
import { problemSentence } from './problem-sentence.ts';
import { readPageLanguage } from './read-page-language.ts';

/** When to try again after a 503: a client that waits this long is still within the refresh grace. */
export const retryAfterSeconds = 2;

/**
 * Answers a failure with a problem document (RFC 9457), or with a page on the paths of pages, and logs what the
 * caller must not see.
 */
export async function answerFailure(
  thrown: unknown,
  c: RequestContext,
  form?: RepeatableForm,
): Promise<Response> {
  const error = toAuthError(thrown);
  logFailure(error, c);
  const document = () => problemDocument(error, c.get('requestId'));
  const response = isForPage(c)
    ? await answerErrorPage(error, c, form).catch((cause: unknown) => {
        // What pages are made of is loaded on demand, and may be what fails.
        logFailure(commonErrors.internal_error({ internal: cause }), c);
        return document();
      })
    : document();
  setFailureHeaders(response.headers, error);
  return response;
}

/** A form of a page that failed with its page, and can be sent once more. */
export interface RepeatableForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Logs what the caller must not see of a failure of the service itself. */
export function logFailure({ code, spec, options }: AuthError, c: RequestContext): void {
  if (spec.status < 500) return;
  log('error', code, {
    requestId: c.get('requestId'),
    method: c.req.method,
    path: loggablePath(c.req.path),
    cause: options.internal,
  });
}

/** Sets what a status asks for. */
export function setFailureHeaders(headers: Headers, { spec, options }: AuthError): void {
  // RFC 9110 section 11.6.1: a 401 names the accepted scheme.
  if (spec.status === 401) headers.set('WWW-Authenticate', 'Bearer');
  if (spec.status === 503 || options.retryAfterSeconds !== undefined) {
    headers.set('Retry-After', String(options.retryAfterSeconds ?? retryAfterSeconds));
  }
}

function problemDocument({ code, spec, options }: AuthError, requestId: string): Response {
  const body = {
    success: false,
    type: `urn:nexora-auth:problem:${code}`,
    title: spec.title,
    status: spec.status,
    code,
    ...(options.detail !== undefined && { detail: options.detail }),
    ...(options.errors !== undefined && { errors: options.errors }),
    ...options.members,
    requestId,
  };
  return new Response(JSON.stringify(body), {
    status: spec.status,
    headers: { 'Content-Type': 'application/problem+json', ...options.headers },
  });
}

async function answerErrorPage(
  error: AuthError,
  c: RequestContext,
  form: RepeatableForm | undefined,
): Promise<Response> {
  const [language, { failureView }] = await Promise.all([
    readPageLanguage(c.req.raw.headers),
    import('../ui/failure-view.tsx'),
  ]);
  const config = c.get('deps')?.config;
  const view = failureView(language, {
    ...{ sentence: problemSentence(error, language), requestId: c.get('requestId') },
    form: error.spec.status >= 500 && form !== undefined ? withoutPasswords(form) : null,
    home: config === undefined ? null : homeOf(config),
  });
  return answerPage(c, error.spec.status, { language, view, headers: error.options.headers ?? {} });
}

/** The failure that the caller is told: what was not expected is a bug, or a database that cannot be reached. */
export function toAuthError(thrown: unknown): AuthError {
  if (thrown instanceof AuthError) return thrown;
  if (thrown instanceof DatabaseError && thrown.isUnavailable) {
    return commonErrors.service_unavailable({ internal: thrown });
  }
  return commonErrors.internal_error({ internal: thrown });
}

/** A page shows no password again. */
function withoutPasswords({ action, fields }: RepeatableForm): RepeatableForm {
  const shown = Object.entries(fields).filter(([name]) => !/password/i.test(name));
  return { action, fields: Object.fromEntries(shown) };
}

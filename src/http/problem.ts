import { DatabaseError } from '../db/database-error.ts';
import { AuthError, commonErrors } from '../errors.ts';
import type { Language } from '../languages/language.ts';
import { log } from '../log.ts';
import { answerPage, isPagePath } from './answer-page.ts';
import type { RequestContext } from './context.ts';
import { loggablePath } from './loggable-path.ts';
import { pageLanguage } from './page-language.ts';
import { problemSentence } from './problem-sentence.ts';

// A client that waits this long is still within the refresh grace.
const retryAfterSeconds = 2;

/**
 * Answers a failure with a problem document (RFC 9457), or with a page on the paths of pages, and logs what the
 * caller must not see.
 */
export function answerFailure(thrown: unknown, c: RequestContext): Response {
  const error = toAuthError(thrown);
  const { spec, options, code } = error;
  const { requestId } = c.var;
  if (spec.status >= 500)
    log('error', code, {
      requestId,
      method: c.req.method,
      path: loggablePath(c.req.path),
      cause: options.internal,
    });
  const response = isPagePath(c.req.path)
    ? answerErrorPage(error, pageLanguage(c), requestId)
    : problemDocument(error, requestId);
  // RFC 9110 section 11.6.1: a 401 names the accepted scheme.
  if (spec.status === 401) response.headers.set('WWW-Authenticate', 'Bearer');
  if (spec.status === 503 || options.retryAfterSeconds !== undefined) {
    response.headers.set('Retry-After', String(options.retryAfterSeconds ?? retryAfterSeconds));
  }
  return response;
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

function answerErrorPage(error: AuthError, language: Language, requestId: string): Response {
  const { title, reference } = language.errorPage;
  const paragraphs = [problemSentence(error, language), `${reference}: ${requestId}`];
  return answerPage(error.spec.status, { lang: language.tag, title, paragraphs }, error.options.headers);
}

function toAuthError(thrown: unknown): AuthError {
  if (thrown instanceof AuthError) return thrown;
  if (thrown instanceof DatabaseError && thrown.isUnavailable) {
    return commonErrors.service_unavailable({ internal: thrown });
  }
  return commonErrors.internal_error({ internal: thrown });
}

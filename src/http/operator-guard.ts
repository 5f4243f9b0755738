import type { MiddlewareHandler } from 'hono';
import type { Config } from '../config.ts';
import { isSecretEqual } from '../crypto/constant-time.ts';
import type { Deps } from '../deps.ts';
import { commonErrors } from '../errors.ts';
import { log } from '../log.ts';
import { ConfigError } from '../variable-reader.ts';
import type { AppEnv, RequestContext } from './context.ts';
import { refuseForeignOrigin } from './guard.ts';
import { loggablePath } from './loggable-path.ts';

/**
 * Who runs the service, as its own routes know them. No token of a user passes there, cookies are not looked at, and
 * neither secret passes for the other (CRN-06).
 * - `cron`: presents CRON_SECRET as bearer; in development nobody needs to.
 * - `admin`: presents ADMIN_SECRET as bearer; where none is set, there is no such route.
 * - `developer`: presents nothing; the route is there in development alone.
 */
export type OperatorGuard = (typeof operatorGuards)[number];

const operatorGuards = ['cron', 'admin', 'developer'] as const;

/** What a secret has to be: long enough not to be guessed, and of characters that a header can carry. */
const secretPattern = /^[\x20-\x7e]{32,}$/;

/** Whether this kind of guard is one for operators. */
export function isOperatorGuard(guard: string): guard is OperatorGuard {
  return operatorGuards.some((candidate) => candidate === guard);
}

/**
 * Answers like an unknown path where this deployment has no such route. Mounted for every method and before the limit,
 * so that neither `Allow` nor a budget tells that it exists elsewhere.
 */
export function hideUnserved(guard: OperatorGuard): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { runtime } = c.var;
    if (!(runtime instanceof ConfigError) && !isServed(guard, runtime.config)) throw commonErrors.not_found();
    await next();
  };
}

/**
 * Lets an operator pass, before the body and the database are looked at. A secret that is missing or too short opens
 * nothing, not even for a caller who presents the same: it is reported as misconfigured, on the routes that it guards.
 *
 * @throws AuthError unauthenticated, misconfigured; csrf_rejected for a page of another origin that needs no secret
 */
export function admitOperator(c: RequestContext, deps: Deps, guard: OperatorGuard): void {
  const header = c.req.raw.headers.get('Authorization');
  if (header === null && guard !== 'admin' && deps.config.isDevelopment) {
    refuseForeignOrigin(c, deps);
    return;
  }
  if (guard !== 'developer' && isSecretOf(guard, deps.config, header)) return;
  // Without the header there was no guess. What was presented is never told: it may be nearly right.
  if (header !== null) {
    const { requestId, ipAddress } = deps.metadata;
    log('warn', 'operator_secret_refused', {
      requestId,
      ipAddress,
      method: c.req.method,
      path: loggablePath(c.req.path),
    });
  }
  throw commonErrors.unauthenticated();
}

function isServed(guard: OperatorGuard, { isDevelopment, adminSecret }: Config): boolean {
  switch (guard) {
    case 'cron':
      return true;
    case 'admin':
      return adminSecret !== null;
    case 'developer':
      return isDevelopment;
  }
}

function isSecretOf(guard: 'cron' | 'admin', config: Config, header: string | null): boolean {
  const secret = guard === 'cron' ? config.cronSecret : config.adminSecret;
  // One secret for both would let whoever calls the clean-up ban people (CRN-06).
  const isShared = guard === 'admin' && config.adminSecret === config.cronSecret;
  if (secret === null || !secretPattern.test(secret) || isShared) {
    const variables = [guard === 'cron' ? 'CRON_SECRET' : 'ADMIN_SECRET'];
    throw commonErrors.misconfigured({ internal: { variables } });
  }
  // Not by the grammar of tokens (RFC 6750 section 2.1): an operator may choose any characters.
  const presented = /^Bearer +(.+)$/i.exec(header ?? '')?.[1];
  return presented !== undefined && isSecretEqual(presented, secret);
}

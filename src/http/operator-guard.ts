import type { Config } from '../config.ts';
import { isSecretEqual } from '../crypto/constant-time.ts';
import type { Deps } from '../deps.ts';
import { commonErrors } from '../errors.ts';
import { log } from '../log.ts';
import type { RequestContext } from './context.ts';
import { refuseForeignOrigin } from './guard.ts';
import { loggablePath } from './loggable-path.ts';

/** A usable secret: too long to guess, and of characters that a header can contain. */
const secretPattern = /^[\x20-\x7e]{32,}$/;

/**
 * Admits an operator, before the body is read and the database is reached. No user token passes, cookies are ignored, and
 * neither secret is accepted for the other (CRN-06). A missing or short secret admits nobody, not even a caller who presents
 * the same one: it is reported as misconfigured, on the routes that it guards.
 *
 * @throws AuthError unauthenticated, misconfigured; csrf_rejected for a page of another origin when no secret is
 * needed
 */
export function admitOperator(c: RequestContext, deps: Deps, guard: 'cron' | 'admin' | 'developer'): void {
  const header = c.req.raw.headers.get('Authorization');
  if (header === null && guard !== 'admin' && deps.config.isDevelopment) {
    refuseForeignOrigin(c, deps);
    return;
  }
  if (guard !== 'developer' && isSecretOf(guard, deps.config, header)) return;
  // Without the header there was no guess. The presented value is never logged: it may be nearly right.
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

function isSecretOf(guard: 'cron' | 'admin', config: Config, header: string | null): boolean {
  const secret = guard === 'cron' ? config.cronSecret : config.adminSecret;
  // With one secret for both, whoever calls the clean-up could ban users (CRN-06).
  const isShared = guard === 'admin' && config.adminSecret === config.cronSecret;
  if (secret === null || !secretPattern.test(secret) || isShared) {
    const variables = [guard === 'cron' ? 'CRON_SECRET' : 'ADMIN_SECRET'];
    throw commonErrors.misconfigured({ internal: { variables } });
  }
  // Not by the syntax of tokens (RFC 6750 section 2.1): an operator may choose any characters.
  const presented = /^Bearer +(.+)$/i.exec(header ?? '')?.[1];
  return presented !== undefined && isSecretEqual(presented, secret);
}

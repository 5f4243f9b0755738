import type { MiddlewareHandler } from 'hono';
import type { Config } from '../config.ts';
import { commonErrors } from '../errors.ts';
import { ConfigError } from '../variable-reader.ts';
import type { AppEnv } from './context.ts';
import type { Guard, Route } from './route.ts';

/**
 * Answers like an unknown path if this deployment does not serve the route. Mounted for every method and before the
 * limit, so that neither `Allow` nor a budget reveals that it exists elsewhere. Notes that failures behind it are told by
 * pages, where it is one.
 */
export function hideUnserved({ guard, medium }: Pick<Route, 'guard' | 'medium'>): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { runtime } = c.var;
    if (!(runtime instanceof ConfigError) && !isServed(guard, runtime.config)) throw commonErrors.not_found();
    if (medium === 'page') c.set('isPage', true);
    await next();
  };
}

/** Whether only some deployments serve routes of this guard, or failures of it are told by pages. */
export function isServedBySome({ guard, medium }: Pick<Route, 'guard' | 'medium'>): boolean {
  return medium === 'page' || guard === 'admin' || guard === 'developer';
}

function isServed(guard: Guard, { isDevelopment, adminSecret, pages }: Config): boolean {
  switch (guard) {
    case 'admin':
      return adminSecret !== null;
    case 'developer':
      return isDevelopment;
    case 'visitor':
    case 'account-holder':
      return pages.areHosted;
    default:
      return true;
  }
}

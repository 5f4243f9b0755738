import type { Config } from '../config.ts';
import { type Guard, ruleOf } from './guards.ts';
import type { Route } from './route.ts';

/**
 * Whether this deployment serves routes of this guard. Where it does not, they are like unknown paths, for every method and
 * before the limit, so that neither `Allow` nor a budget reveals that they exist elsewhere.
 */
export function isServed(guard: Guard, config: Config): boolean {
  return ruleOf(guard)?.isServed?.(config) ?? true;
}

/** Whether only some deployments serve routes of this guard, or failures of it are told by pages. */
export function isServedBySome({ guard, medium }: Pick<Route, 'guard' | 'medium'>): boolean {
  return medium === 'page' || ruleOf(guard)?.isServed !== undefined;
}

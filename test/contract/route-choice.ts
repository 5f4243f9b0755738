import { inject } from 'vitest';
import type { Fault } from '../support/database.ts';

/** Whether every rule is tried in full on every route, as `npm run test:full` does. */
export const isFull = inject('isFull');

/**
 * The routes on which a rule that the kit keeps is tried in full: a route for each credential, with a body that is needed, one
 * that may be left out and none, and for each way to the database: a read, a write, a batch, and a second call after a first.
 */
export const modelRoutes = [
  'POST /api/auth/login',
  'POST /api/auth/login/two-factor',
  'POST /api/auth/refresh',
  'GET /api/auth/me',
  'PATCH /api/auth/me',
  'DELETE /api/auth/sessions',
  'GET /api/auth/oauth/:provider/callback',
  'POST /api/admin/users/:id/ban',
];

/** The same for pages: one for everybody, one for somebody who is signed in, and one of a link in a mail. */
export const modelPages = ['/login', '/account', '/auth/reset-password'];

/** Whether a rule that the kit keeps is tried in full on the route or the page. */
export function isTriedInFull(key: string): boolean {
  return isFull || modelRoutes.includes(key) || modelPages.includes(key);
}

/** The cases of a rule for a route or a page: all of them on the models, and those of these names, one of a class, on the others. */
export function casesFor<C extends readonly [name: string, ...rest: unknown[]]>(
  key: string,
  all: readonly C[],
  names: readonly string[],
): C[] {
  return isTriedInFull(key) ? [...all] : named(all, names);
}

/**
 * How a call to the database fails for a route where any failure will do: on the models the connection is lost, elsewhere a
 * limit ends the statement, after which nothing is tried again and waited for. Both are 503, and the statement did not run.
 */
export function failureFor(key: string): Fault {
  return isTriedInFull(key) ? 'refuse' : { sqlstate: '57014' };
}

/** The cases of these names. @throws where there is none of a name, so that no rename leaves a rule untried */
export function named<C extends readonly [name: string, ...rest: unknown[]]>(
  all: readonly C[],
  names: readonly string[],
): C[] {
  return names.map((name) => {
    const found = all.find(([candidate]) => candidate === name);
    if (found === undefined) throw new Error(`no case is named ${name}`);
    return found;
  });
}

import type { RequestContext } from './context.ts';

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/**
 * The parameter `:id` of the route's path. Null when it is no UUID: nobody has it then, and the database, which would
 * refuse the text with an error, is not asked (INP-10).
 */
export function pathId(c: RequestContext): string | null {
  const id = c.req.param('id') ?? '';
  return uuid.test(id) ? id : null;
}

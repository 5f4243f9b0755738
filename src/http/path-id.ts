import type { RequestContext } from './context.ts';

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/**
 * Returns the parameter `:id` of the path. Null when it is not a UUID: nobody has that id, and the database, which
 * would refuse the text with an error, is not queried (INP-10).
 */
export function pathId(c: RequestContext): string | null {
  const id = c.req.param('id') ?? '';
  return uuid.test(id) ? id : null;
}

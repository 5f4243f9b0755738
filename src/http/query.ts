import type * as z from 'zod/mini';
import type { RequestContext } from './context.ts';
import { validate } from './validate.ts';

/**
 * Validates the query string as strictly as a body. A repeated parameter reaches the schema as a list, so that one
 * that must be text is refused: no two readers could take it for different values (INP-13).
 * @throws AuthError validation_failed, each pointer naming a parameter
 */
export function readQuery<S extends z.core.$ZodType>(c: RequestContext, schema: S): z.output<S> {
  // Not Hono's own parser, which fails for a parameter named __proto__.
  const byName = Map.groupBy(new URL(c.req.url).searchParams, ([name]) => name);
  const query = [...byName].map(([name, [first, ...more]]) => [
    name,
    more.length === 0 ? first?.[1] : [first, ...more],
  ]);
  return validate(schema, Object.fromEntries(query));
}

import type * as z from 'zod/mini';
import { AuthError } from '../errors.ts';
import { readJsonBody } from './body.ts';
import { validate } from './validate.ts';

/**
 * Reads a body that the actual route may read again. Null when that route would refuse it, and will say why. Costs a
 * copy of the body, at most 16 KiB.
 */
export async function peekBody<S extends z.core.$ZodType>(
  request: Request,
  schema: S,
  options: { readonly isOptional: boolean },
): Promise<z.output<S> | null> {
  try {
    return validate(schema, await readJsonBody(request.clone(), options));
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}

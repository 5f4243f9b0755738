import * as z from 'zod/mini';

/** Where a page of the list begins; the first one when it is omitted. */
export const SecurityEventsQuery = z.strictObject({ cursor: z.optional(z.string()) });

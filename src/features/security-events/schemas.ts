import * as z from 'zod/mini';

/** Behind which event of the list to go on; at its head when it is omitted. */
export const SecurityEventsQuery = z.strictObject({ cursor: z.optional(z.string()) });

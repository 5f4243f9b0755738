import * as z from 'zod/mini';

const provider = z.string().check(z.regex(/^[a-z0-9_-]{1,50}$/));

/** What a button of the page posts. */
export const DevPageForm = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('link'), provider }),
  z.strictObject({ action: z.literal('confirm'), provider }),
  z.strictObject({ action: z.literal('remove'), provider }),
  z.strictObject({ action: z.literal('sign_out') }),
]);
export type DevPageForm = z.output<typeof DevPageForm>;

import * as z from 'zod/mini';
import { presentedPassword } from '../../text-schemas.ts';
import { presentedToken } from '../one-time-tokens/index.ts';

/** The body of a request by a link that is not enough by itself. With a session of the account no password is needed. */
export const LinkHolderRequest = z.strictObject({
  token: presentedToken,
  password: z.optional(presentedPassword),
});

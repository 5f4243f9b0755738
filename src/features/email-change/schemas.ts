import * as z from 'zod/mini';
import { emailAddress } from '../../text-schemas.ts';

const tokenLengthMax = 256;

export const ChangeEmailRequest = z.strictObject({ newEmail: emailAddress });

/** What the link of a mail carries, sent by a page or by a client of the API. */
export const LinkTokenRequest = z.strictObject({
  token: z.string().check(z.minLength(1), z.maxLength(tokenLengthMax)),
});

import * as z from 'zod/mini';
import { presentedEmail } from '../../presented-email.ts';
import { presentedPassword } from '../../text-schemas.ts';
import { presentedToken } from '../one-time-tokens/index.ts';
import { RequestedTransport } from '../sessions/index.ts';

export const ResendRequest = z.strictObject({ email: presentedEmail });

/** With a session of the account no password is needed and no tokens are returned. */
export const VerifyEmailRequest = z.strictObject({
  token: presentedToken,
  password: z.optional(presentedPassword),
  transport: RequestedTransport,
});

/** A browser also sends the empty fields of a form. */
export const VerifyEmailForm = z.strictObject({
  token: presentedToken,
  password: z.optional(z.union([z.literal(''), presentedPassword])),
});

import * as z from 'zod/mini';
import { presentedEmail } from '../../presented-email.ts';
import { presentedPassword } from '../../text-schemas.ts';
import { presentedToken } from '../one-time-tokens/index.ts';
import { RequestedTransport } from '../sessions/index.ts';

export const ResendRequest = z.strictObject({ email: presentedEmail });

/** A session of the account stands for the password, and is answered no tokens. */
export const VerifyEmailRequest = z.strictObject({
  token: presentedToken,
  password: z.optional(presentedPassword),
  transport: RequestedTransport,
});

/** A browser sends every field of a form, an empty one too. */
export const VerifyEmailForm = z.strictObject({
  token: presentedToken,
  password: z.optional(z.union([z.literal(''), presentedPassword])),
});

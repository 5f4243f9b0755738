import * as z from 'zod/mini';
import { presentedEmail } from '../../presented-email.ts';
import { presentedPassword } from '../../text-schemas.ts';
import { RequestedTransport } from '../sessions/index.ts';

const presentedToken = z.string().check(z.minLength(1), z.maxLength(1024));

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

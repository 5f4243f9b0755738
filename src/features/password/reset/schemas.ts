import * as z from 'zod/mini';
import { presentedEmail } from '../../../address/presented-email.ts';
import { newPassword } from '../../../text-schemas.ts';
import { presentedToken } from '../../one-time-tokens/index.ts';
import { isRepeated, perMinLength } from '../new-password/new-password-schema.ts';

/** Accepts any address that can sign in, those of legacy accounts included. */
export const ForgotPasswordRequest = z.strictObject({ email: presentedEmail });

export const resetPasswordRequest = perMinLength((minLength) =>
  z
    .strictObject({ token: presentedToken, password: newPassword(minLength), confirmPassword: z.string() })
    .check(isRepeated('password')),
);

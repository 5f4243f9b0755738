import * as z from 'zod/mini';
import { presentedEmail } from '../../../address/presented-email.ts';
import { newPassword } from '../../../text-schemas.ts';
import { presentedToken } from '../../one-time-tokens/index.ts';

/** Accepts any address that can sign in, those of legacy accounts included. */
export const ForgotPasswordRequest = z.strictObject({ email: presentedEmail });

/** @param passwordMinLength in code points */
export function resetPasswordRequest(passwordMinLength: number) {
  const known = resetPasswordRequests.get(passwordMinLength);
  if (known !== undefined) return known;
  const fresh = createResetPasswordRequest(passwordMinLength);
  resetPasswordRequests.set(passwordMinLength, fresh);
  return fresh;
}

const resetPasswordRequests = new Map<number, ReturnType<typeof createResetPasswordRequest>>();

function createResetPasswordRequest(passwordMinLength: number) {
  return z
    .strictObject({
      token: presentedToken,
      password: newPassword(passwordMinLength),
      confirmPassword: z.string(),
    })
    .check(
      z.refine((body) => body.password === body.confirmPassword, {
        path: ['confirmPassword'],
        params: { code: 'mismatch' },
      }),
    );
}

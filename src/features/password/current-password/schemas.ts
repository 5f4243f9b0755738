import * as z from 'zod/mini';
import { newPassword, presentedPassword } from '../../../text-schemas.ts';

/** @param passwordMinLength in code points */
export function changePasswordRequest(passwordMinLength: number) {
  const known = changePasswordRequests.get(passwordMinLength);
  if (known !== undefined) return known;
  const fresh = createChangePasswordRequest(passwordMinLength);
  changePasswordRequests.set(passwordMinLength, fresh);
  return fresh;
}

const changePasswordRequests = new Map<number, ReturnType<typeof createChangePasswordRequest>>();

function createChangePasswordRequest(passwordMinLength: number) {
  return z
    .strictObject({
      // Omitted by an account that has none.
      currentPassword: z.optional(presentedPassword),
      newPassword: newPassword(passwordMinLength),
      confirmPassword: z.string(),
    })
    .check(
      z.refine((body) => body.newPassword === body.confirmPassword, {
        path: ['confirmPassword'],
        params: { code: 'mismatch' },
      }),
    );
}

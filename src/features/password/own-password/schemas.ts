import * as z from 'zod/mini';
import { newPassword, presentedPassword } from '../../../text-schemas.ts';
import { isRepeated, perMinLength } from '../new-password/new-password-schema.ts';

export const changePasswordRequest = perMinLength((minLength) =>
  z
    .strictObject({
      // Omitted by an account that has none.
      currentPassword: z.optional(presentedPassword),
      newPassword: newPassword(minLength),
      confirmPassword: z.string(),
    })
    .check(isRepeated('newPassword')),
);

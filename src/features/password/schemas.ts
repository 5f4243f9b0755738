import * as z from 'zod/mini';
import { emailAddress, newPassword, personName } from '../../text-schemas.ts';
import { RequestedTransport } from '../sessions/index.ts';
import { isRepeated, perMinLength } from './new-password/new-password-schema.ts';

export const registerRequest = perMinLength((minLength) =>
  z
    .strictObject({
      email: emailAddress,
      name: personName,
      password: newPassword(minLength),
      confirmPassword: z.string(),
      transport: RequestedTransport,
    })
    .check(isRepeated('password')),
);

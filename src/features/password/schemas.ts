import * as z from 'zod/mini';
import { emailAddress, newPassword, personName } from '../../text-schemas.ts';
import { RequestedTransport } from '../sessions/index.ts';

/** @param passwordMinLength in code points */
export function registerRequest(passwordMinLength: number) {
  const known = registerRequests.get(passwordMinLength);
  if (known !== undefined) return known;
  const fresh = createRegisterRequest(passwordMinLength);
  registerRequests.set(passwordMinLength, fresh);
  return fresh;
}

const registerRequests = new Map<number, ReturnType<typeof createRegisterRequest>>();

function createRegisterRequest(passwordMinLength: number) {
  return z
    .strictObject({
      email: emailAddress,
      name: personName,
      password: newPassword(passwordMinLength),
      confirmPassword: z.string(),
      transport: RequestedTransport,
    })
    .check(
      z.refine((body) => body.password === body.confirmPassword, {
        path: ['confirmPassword'],
        params: { code: 'mismatch' },
      }),
    );
}

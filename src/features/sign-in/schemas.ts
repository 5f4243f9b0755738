import * as z from 'zod/mini';
import { presentedEmail } from '../../address/presented-email.ts';
import { presentedPassword } from '../../text-schemas.ts';
import { RequestedTransport } from '../sessions/index.ts';
import { presentedTrustedDevice } from '../trusted-devices/index.ts';

/**
 * The body of a login. The rules for new addresses and passwords do not apply: what was set under older rules still
 * signs in (PWD-12).
 */
export const LoginRequest = z.strictObject({
  email: presentedEmail,
  password: presentedPassword,
  transport: RequestedTransport,
  // Of a client without cookies.
  trustedDeviceToken: z.optional(presentedTrustedDevice),
});

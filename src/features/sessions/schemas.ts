import * as z from 'zod/mini';
import { presentedEmail } from '../../presented-email.ts';
import { presentedPassword } from '../../text-schemas.ts';

/** A refresh token as it is presented: ours, or any string of the legacy system. */
const presentedRefreshToken = z.string().check(z.minLength(1), z.maxLength(1024));

/** What a refresh and a logout take. */
export const TokenRequest = z.strictObject({ refreshToken: z.optional(presentedRefreshToken) });

/** Which refresh tokens a sign-in issues; both where it is left out. */
export const RequestedTransport = z.optional(z.enum(['cookie', 'body']));

/**
 * What a sign-in by password takes. The rules for new addresses and passwords are not asked here: what was set under
 * earlier ones still signs in (PWD-12).
 */
export const LoginRequest = z.strictObject({
  email: presentedEmail,
  password: presentedPassword,
  transport: RequestedTransport,
});

/** Which sessions "sign out all devices" spares; none where it is left out. */
export const RevokeSessionsQuery = z.strictObject({ keep: z.optional(z.literal('current')) });

import * as z from 'zod/mini';

/** A presented refresh token: ours, or any string of the legacy system. */
const presentedRefreshToken = z.string().check(z.minLength(1), z.maxLength(1024));

/** The body of a refresh and of a logout. */
export const TokenRequest = z.strictObject({ refreshToken: z.optional(presentedRefreshToken) });

/** Which refresh token a sign-in issues; both when it is omitted. */
export const RequestedTransport = z.optional(z.enum(['cookie', 'body']));

/** Which session "sign out all devices" keeps; none when it is omitted. */
export const RevokeSessionsQuery = z.strictObject({ keep: z.optional(z.literal('current')) });

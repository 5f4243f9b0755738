import * as z from 'zod/mini';

/** The token of a link as presented, genuine or not. */
export const presentedToken = z.string().check(z.minLength(1), z.maxLength(256));

/** The body of a request by a link, sent by a page or by a client of the API. */
export const LinkRequest = z.strictObject({ token: presentedToken });

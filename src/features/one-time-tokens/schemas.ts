import * as z from 'zod/mini';

/** A token of a link as it is presented, genuine or not. */
export const presentedToken = z.string().check(z.minLength(1), z.maxLength(256));

/** What a link in a mail comes with, sent by a page or by a client of the API. */
export const LinkRequest = z.strictObject({ token: presentedToken });

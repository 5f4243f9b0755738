import * as z from 'zod/mini';

/** The token of a trusted device as presented, genuine or not. */
export const presentedTrustedDevice = z.string().check(z.minLength(1), z.maxLength(1024));

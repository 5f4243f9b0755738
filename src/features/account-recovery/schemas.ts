import * as z from 'zod/mini';
import { presentedToken } from '../one-time-tokens/index.ts';

/** What a link in a mail comes with. */
export const LinkRequest = z.strictObject({ token: presentedToken });

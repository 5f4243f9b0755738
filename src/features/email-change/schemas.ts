import * as z from 'zod/mini';
import { emailAddress } from '../../text-schemas.ts';

export const ChangeEmailRequest = z.strictObject({ newEmail: emailAddress });

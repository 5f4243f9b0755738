import * as z from 'zod/mini';
import { presentedEmail } from '../../address/presented-email.ts';
import { LinkHolderRequest } from '../link-holder/index.ts';
import { RequestedTransport } from '../sessions/index.ts';

export const ResendRequest = z.strictObject({ email: presentedEmail });

/** With a session of the account no password is needed and no tokens are returned. */
export const VerifyEmailRequest = z.extend(LinkHolderRequest, { transport: RequestedTransport });

import type { AuthError } from '../errors.ts';
import { rateLimited } from '../rate-limit/rate-limited.ts';
import { mailLimits } from './mail-limits.ts';

/** The refusal of a client over its limit of mails. It reveals nothing, since only the client's own count decides. */
export function tooManyMails(retryAfterSeconds: number): AuthError {
  const { perClient: quota, hourSeconds: windowSeconds } = mailLimits;
  const resetSeconds = Math.max(1, retryAfterSeconds);
  return rateLimited({ name: 'mails', quota, windowSeconds, remaining: 0, resetSeconds });
}

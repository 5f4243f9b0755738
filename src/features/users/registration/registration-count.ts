import type { AuthError } from '../../../errors.ts';
import type { MailClient } from '../../../mail/mail-client.ts';
import { rateLimited } from '../../../rate-limit/rate-limited.ts';

/**
 * The registrations of one client that reach the database, whatever the answer, and those of its /48 network of IPv6:
 * each writes rows that live for a day or more.
 */
export const registrationLimits = {
  perClient: { max: 100, windowSeconds: 3600 },
  perNetwork: { max: 1000, windowSeconds: 3600 },
} as const;

/** Where a registration counts. */
export interface RegistrationCount {
  /** UUID made before the first try, so that a repeat of the statement does not count twice. */
  readonly id: string;
  readonly bucketOfAddress: string;
  /** Null where the network is the client itself. */
  readonly networkBucket: string | null;
}

/**
 * Where a registration of this client counts, by whatever way it makes an account: all of them share the buckets. Made
 * once for a request, since its id tells the repeat of a statement from another registration.
 */
export function registrationCount({ clientKey, networkKey }: MailClient): RegistrationCount {
  return {
    id: crypto.randomUUID(),
    bucketOfAddress: `registrations:${clientKey}`,
    networkBucket: networkKey === clientKey ? null : `registrations:network:${networkKey}`,
  };
}

/** The refusal of a client over its limit, whatever the address. */
export function tooManyRegistrations(retryAfterSeconds: number): AuthError {
  const { max: quota, windowSeconds } = registrationLimits.perClient;
  const resetSeconds = Math.max(1, retryAfterSeconds);
  return rateLimited({ name: 'registrations', quota, windowSeconds, remaining: 0, resetSeconds });
}

import { encodeBase64Url } from '../crypto/base64url.ts';
import { type Keyring, mac } from '../crypto/keyring.ts';
import type { AuthError } from '../errors.ts';
import { clientBucket } from '../rate-limit/client-bucket.ts';
import { rateLimited } from '../rate-limit/rate-limited.ts';

/** The most mails of one purpose to one address, and of all kinds caused by one client, in `windowSeconds`. */
export const mailLimits = { perAddress: 5, perClient: 30, windowSeconds: 3600 } as const;

/** The buckets in which a mail that anybody can request is counted. */
export interface MailBudget {
  readonly addressBucket: string;
  /** Used instead when there is no recipient: it writes the same rows but uses nothing of the address's limit. */
  readonly decoyBucket: string;
  readonly clientBucket: string;
  /** UUID, so that a retry of the statement does not count twice. */
  readonly idempotencyKey: string;
}

/**
 * The budget of a mail to this address (EML-10). Each purpose has its own, so that nobody can use up somebody's reset
 * mails by requesting verifications. The buckets contain address and client only as an HMAC.
 */
export function mailBudget(
  keyring: Keyring,
  purpose: 'verification' | 'reset' | 'email_change',
  address: string,
  ipAddress: string | null,
): MailBudget {
  const named = (text: string) =>
    encodeBase64Url(mac(keyring, 'mail-client', new TextEncoder().encode(text)));
  return {
    addressBucket: `mail:${purpose}:${named(`address ${address}`)}`,
    decoyBucket: `mail:nobody:${named(`address ${address}`)}`,
    clientBucket: `mail-client:${named(`client ${clientBucket(ipAddress)}`)}`,
    idempotencyKey: crypto.randomUUID(),
  };
}

/** The refusal of a client over its limit of mails. It reveals nothing, since only the client's own count decides. */
export function tooManyMails(retryAfterSeconds: number): AuthError {
  const { perClient, windowSeconds } = mailLimits;
  return rateLimited({
    ...{ name: 'mails', quota: perClient, windowSeconds, remaining: 0, resetSeconds: retryAfterSeconds },
  });
}

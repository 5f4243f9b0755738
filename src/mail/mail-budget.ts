import { encodeBase64Url } from '../crypto/base64url.ts';
import { type Keyring, mac } from '../crypto/keyring.ts';
import type { AuthError } from '../errors.ts';
import { clientBucket } from '../rate-limit/client-bucket.ts';
import { rateLimited } from '../rate-limit/rate-limited.ts';

/** Mails of one kind to one address, and mails of all kinds that one client may cause, in `windowSeconds`. */
export const mailLimits = { perAddress: 5, perClient: 30, windowSeconds: 3600 } as const;

/** Where a mail that a stranger can ask for is counted. */
export interface MailBudget {
  readonly addressBucket: string;
  /** In the place of that, where there is nobody to send it to: it writes as much and uses nothing up. */
  readonly decoyBucket: string;
  readonly clientBucket: string;
  /** UUID, so that a repeat of the statement does not count twice. */
  readonly attemptId: string;
}

/**
 * The budget that a mail to this address spends (EML-10). By purpose, so that nobody can use up somebody's
 * resets by asking for verifications. Address and client stand in it as an HMAC.
 */
export function mailBudget(
  keyring: Keyring,
  purpose: 'verification' | 'reset' | 'email_change',
  address: string,
  ipAddress: string | null,
): MailBudget {
  const named = (text: string) =>
    encodeBase64Url(mac(keyring, 'mail-limits', new TextEncoder().encode(text)));
  return {
    addressBucket: `mail:${purpose}:${named(`address ${address}`)}`,
    decoyBucket: `mail:nobody:${named(`address ${address}`)}`,
    clientBucket: `mail-client:${named(`client ${clientBucket(ipAddress)}`)}`,
    attemptId: crypto.randomUUID(),
  };
}

/** The refusal of a client that has caused as many mails as it may. Where that is no secret: its own count alone decides. */
export function tooManyMails(retryAfterSeconds: number): AuthError {
  const { perClient, windowSeconds } = mailLimits;
  return rateLimited({
    ...{ name: 'mails', quota: perClient, windowSeconds, remaining: 0, resetSeconds: retryAfterSeconds },
  });
}

import type { Keyring } from '../crypto/keyring.ts';
import type { RequestMetadata } from '../http/request-metadata.ts';
import { type MailBudget, mailBudget } from './mail-budget.ts';
import type { LinkMailKind } from './mail-kind.ts';
import { type PreparedMail, prepareMail } from './prepared-mail.ts';

/** What a flow needs to have a mail sent. */
export interface Mailer {
  /**
   * Prepares a mail whose link carries the token, to whichever of `recipients` the statement finds stored.
   * @param token its lifetime in seconds bounds that of the mail
   */
  prepare(
    kind: LinkMailKind,
    token: { readonly token: string; readonly ttlSeconds: number },
    recipients: readonly string[],
  ): Promise<PreparedMail>;
  /** Where a mail is counted that anybody can ask for. */
  budget(purpose: 'verification' | 'reset' | 'email_change', address: string): MailBudget;
  /** Has what this request wrote into the outbox sent as soon as its answer is out. Without it, cron sends it. */
  sendSoon(): void;
  /** Whether `sendSoon` was called. */
  readonly isDue: boolean;
}

/** The mailer of one request. */
export function createMailer(keyring: Keyring, metadata: () => RequestMetadata): Mailer {
  let isDue = false;
  return {
    prepare(kind, token, recipients) {
      const { userAgent, location } = metadata();
      return prepareMail(keyring, kind, recipients, { ...token, facts: { userAgent, location } });
    },
    budget: (purpose, address) => mailBudget(keyring, purpose, address, metadata().ipAddress),
    sendSoon() {
      isDue = true;
    },
    get isDue() {
      return isDue;
    },
  };
}

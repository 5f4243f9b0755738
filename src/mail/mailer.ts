import type { Keyring } from '../crypto/keyring.ts';
import type { RequestMetadata } from '../request-metadata.ts';
import { type MailClient, mailClient } from './mail-client.ts';
import type { LinkMailKind } from './mail-kind.ts';
import { type PreparedMail, prepareMail } from './prepared-mail.ts';

/** What a flow uses to send a mail. */
export interface Mailer {
  /**
   * Prepares a mail with a link, to whichever of `recipients` the statement finds stored.
   * @param token its lifetime in seconds bounds that of the mail
   */
  prepare(
    kind: LinkMailKind,
    token: { readonly token: string; readonly ttlSeconds: number },
    recipients: readonly string[],
  ): Promise<PreparedMail>;
  /** Who causes the mails of this request, for their budget. */
  readonly client: MailClient;
  /**
   * Sends the mails that this request has queued as soon as its response is complete. Without this call, cron sends
   * them.
   */
  sendSoon(): void;
  /** Whether `sendSoon` was called. */
  readonly isDue: boolean;
}

/** Creates the mailer of one request. */
export function createMailer(keyring: Keyring, metadata: () => RequestMetadata): Mailer {
  let isDue = false;
  return {
    prepare(kind, token, recipients) {
      const { userAgent, location } = metadata();
      return prepareMail(keyring, kind, recipients, { ...token, facts: { userAgent, location } });
    },
    get client() {
      return mailClient(keyring, metadata().ipAddress);
    },
    sendSoon() {
      isDue = true;
    },
    get isDue() {
      return isDue;
    },
  };
}

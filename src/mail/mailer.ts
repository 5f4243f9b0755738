import type { Keyring } from '../crypto/keyring.ts';
import { loadOnce } from '../load-once.ts';
import type { RequestMetadata } from '../request/request-metadata.ts';
import { type MailClient, mailClient } from './mail-client.ts';
import type { MailFacts, SealedMailKind } from './mail-kind.ts';
import type { PreparedMail } from './prepared-mail.ts';

/** What a mail with a link tells besides its fixed words, where that is not the request alone. */
export interface MailDetails extends Pick<MailFacts, 'delayHours' | 'provider'> {
  /** Tells neither place nor device: they would be those of the operator, not of somebody at the account. */
  readonly isByOperator?: boolean;
}

/** What a flow uses to send a mail. */
export interface Mailer {
  /**
   * Prepares a mail with a link or a code, to whichever of `recipients` the statement finds stored.
   * @param token of the link, or the code; its lifetime in seconds bounds that of the mail
   */
  prepare(
    kind: SealedMailKind,
    token: { readonly token: string; readonly ttlSeconds: number },
    recipients: readonly string[],
    details?: MailDetails,
  ): Promise<PreparedMail>;
  /** Prepares the same mail to all of `recipients` that the statement finds, each with a row of its own. */
  prepareForEach: Mailer['prepare'];
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

const loadPreparation = loadOnce(() => import('./prepared-mail.ts'));

/** Creates the mailer of one request. */
export function createMailer(keyring: Keyring, metadata: () => RequestMetadata): Mailer {
  let isDue = false;
  return {
    async prepare(kind, token, recipients, details) {
      const { prepareMail } = await loadPreparation();
      return prepareMail(keyring, kind, recipients, { ...token, facts: factsOf(metadata(), details) });
    },
    async prepareForEach(kind, token, recipients, details) {
      const { prepareMailToEach } = await loadPreparation();
      return prepareMailToEach(keyring, kind, recipients, { ...token, facts: factsOf(metadata(), details) });
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

function factsOf(
  { userAgent, location }: RequestMetadata,
  { isByOperator = false, ...details }: MailDetails = {},
): MailFacts {
  const facts = isByOperator ? { userAgent: null, location: null } : { userAgent, location };
  return { ...facts, ...details };
}

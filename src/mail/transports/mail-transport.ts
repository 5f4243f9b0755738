import type { Mailbox } from '../mailbox.ts';

/** A mail to be sent. */
export interface OutgoingMail {
  readonly to: string;
  readonly from: Mailbox;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly kind: string;
  /**
   * For an endpoint that writes mails of its own: the token and the link. A mail with a code has that for its token and no
   * link; both are absent in a notice.
   */
  readonly data: { readonly token?: string; readonly url?: string };
  /** The same for every try of one mail, so that a provider recognises a retry. */
  readonly idempotencyKey: string;
}

/** A way to send mails. */
export interface MailTransport {
  /**
   * Sends the mail. When it resolves, the receiver is responsible for the mail.
   * @throws Error with a message that is safe to log; the mail is tried again, whatever the reason
   */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<void>;
}

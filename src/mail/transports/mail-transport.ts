import type { Mailbox } from '../mailbox.ts';

/** A mail as it leaves. */
export interface OutgoingMail {
  readonly to: string;
  readonly from: Mailbox;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly kind: string;
  /** For a receiver that writes mails of its own: what the link carries, and the link. Both absent in a notice. */
  readonly data: { readonly token?: string; readonly url?: string };
  /** The same for every try of one mail, so that a provider can tell a repeat. */
  readonly idempotencyKey: string;
}

/** A way out. */
export interface MailTransport {
  /**
   * Hands the mail over; when it resolves, the mail is somebody else's.
   * @throws Error whose message is fit for a log: the mail is tried again, whatever the reason
   */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<void>;
}

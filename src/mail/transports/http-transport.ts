import { formatMailbox } from '../mailbox.ts';
import type { MailTransport } from './mail-transport.ts';
import { postMail } from './post-mail.ts';

/**
 * Posts each mail to an endpoint of the operator's, with an `Idempotency-Key`; that sends it, or writes a mail of its
 * own.
 */
export function httpTransport(url: string): MailTransport {
  return {
    send({ to, from, subject, text, html, kind, data, idempotencyKey }, signal) {
      const body = { to, from: formatMailbox(from), subject, text, html, kind, data };
      return postMail(url, body, { 'Idempotency-Key': idempotencyKey }, signal);
    },
  };
}

import { formatMailbox } from '../mailbox.ts';
import type { MailTransport } from './mail-transport.ts';
import { postMail } from './post-mail.ts';

const url = 'https://api.resend.com/emails';

/** Sends through Resend, which recognises a retry by its `Idempotency-Key` for 24 hours, as long as a mail is tried. */
export function resendTransport(apiKey: string): MailTransport {
  return {
    send({ to, from, subject, text, html, idempotencyKey }, signal) {
      const headers = { Authorization: `Bearer ${apiKey}`, 'Idempotency-Key': idempotencyKey };
      return postMail(url, { to: [to], from: formatMailbox(from), subject, text, html }, headers, signal);
    },
  };
}

import { log } from '../../log.ts';
import { maskEmail } from '../masked-text.ts';
import type { MailTransport } from './mail-transport.ts';

/**
 * Sends nothing and leaves a line in the log: with the link while developing, elsewhere with nothing but the kind and the
 * masked address, since whoever reads logs is not who owns the mailbox (LOG-01).
 */
export function logTransport(isDevelopment: boolean): MailTransport {
  return {
    async send({ to, subject, kind, data, idempotencyKey: id }) {
      if (isDevelopment) log('info', 'mail', { id, kind, recipient: to, subject, url: data.url ?? null });
      else log('warn', 'mail_not_sent', { id, kind, recipient: maskEmail(to) });
    },
  };
}

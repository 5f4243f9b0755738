import { log } from '../../log.ts';
import { maskEmail } from '../masked-text.ts';
import type { MailTransport } from './mail-transport.ts';

/**
 * Sends nothing and writes a line to the log: with the link or the code in development, otherwise only with the kind and the
 * masked address, since whoever reads the log does not own the mailbox (LOG-01).
 */
export function logTransport(isDevelopment: boolean): MailTransport {
  return {
    async send({ to, subject, kind, data, idempotencyKey: id }) {
      const { token, url = null } = data;
      const code = url === null && token !== undefined ? { code: token } : {};
      if (isDevelopment) log('info', 'mail', { id, kind, recipient: to, subject, url, ...code });
      else log('warn', 'mail_not_sent', { id, kind, recipient: maskEmail(to) });
    },
  };
}

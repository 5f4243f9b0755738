import type { Config } from '../../config.ts';
import { cloudflareTransport } from './cloudflare-transport.ts';
import { httpTransport } from './http-transport.ts';
import { logTransport } from './log-transport.ts';
import type { MailTransport } from './mail-transport.ts';
import { resendTransport } from './resend-transport.ts';

/** Creates the configured transport; null for the outbox of development, where mails stay until they expire. */
export function createMailTransport(
  { mail, isDevelopment }: Pick<Config, 'mail' | 'isDevelopment'>,
  binding: SendEmail | undefined,
): MailTransport | null {
  switch (mail.transport) {
    case 'outbox':
      return null;
    case 'http':
      return httpTransport(mail.httpUrl ?? '');
    case 'resend':
      return resendTransport(mail.resendApiKey ?? '');
    case 'cloudflare':
      // Without it the configuration was refused.
      return binding === undefined ? null : cloudflareTransport(binding);
    case 'log':
      return logTransport(isDevelopment);
  }
}

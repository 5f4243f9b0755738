import type { Runtime } from '../runtime.ts';
import type { MailDelivery } from './deliver-mails.ts';
import { createMailTransport } from './transports/create-mail-transport.ts';

/** What sending mails needs, as this service is configured. */
export function mailDelivery({
  config,
  keyring,
  openDatabase,
  emailSender,
}: Pick<Runtime, 'config' | 'keyring' | 'openDatabase' | 'emailSender'>): MailDelivery {
  const { baseUrl, brand, mail } = config;
  const transport = createMailTransport(config, emailSender);
  return { keyring, openDatabase, baseUrl, brand, from: mail.from, transport };
}

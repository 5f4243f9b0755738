import { mails } from './en/mails.ts';
import type { MailLanguage } from './mail-language.ts';

/** English. */
export const en: MailLanguage = {
  tag: 'en',
  mails,
  mailFrame: {
    when: 'When',
    where: 'Where',
    device: 'Device',
    provider: 'Provider',
    ended: 'Removed',
    trustedDevice: 'Trusted device',
    takesEffect: 'Takes effect',
    inHours: (hours) => (hours === 1 ? '1 hour later' : `${hours} hours later`),
    copyLink: 'Or copy this address into your browser:',
    footer: (host) =>
      `You received this e-mail from ${host} because it concerns the security of an account with this address.`,
  },
};

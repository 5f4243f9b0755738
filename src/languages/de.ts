import { mails } from './de/mails.ts';
import type { MailLanguage } from './mail-language.ts';

/** German. */
export const de: MailLanguage = {
  tag: 'de',
  mails,
  mailFrame: {
    when: 'Wann',
    where: 'Wo',
    device: 'Gerät',
    provider: 'Anbieter',
    ended: 'Entfernt',
    trustedDevice: 'Vertrautes Gerät',
    takesEffect: 'Wird wirksam',
    inHours: (hours) => (hours === 1 ? '1 Stunde später' : `${hours} Stunden später`),
    copyLink: 'Oder kopieren Sie diese Adresse in Ihren Browser:',
    footer: (host) =>
      `Sie erhalten diese E-Mail von ${host}, weil es um die Sicherheit eines Kontos mit dieser Adresse geht.`,
  },
};
